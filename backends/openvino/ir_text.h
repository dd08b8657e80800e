// Whether a text can be given to OpenVINO's reader of IR. It recurses into elements: some ten thousand of them, one within
// the other, end the process.
//
//   NESO_RETURN_IF_ERROR(CheckIrText(text));
//
// Source: the IR of OpenVINO, version 11; Extensible Markup Language (XML) 1.0, chapters 2 and 3.
#pragma once

#include <string_view>

#include "neso/backend/status.h"

namespace neso::openvino {

// Looks at the nesting of elements only. Errors: INVALID_ARG for what is not an IR at all, or nested too deeply.
backend::Status CheckIrText(std::string_view text);

}  // namespace neso::openvino
