// Whether a text can be given to OpenVINO's reader of IR, which two things end the process with: it recurses into elements,
// some ten thousand of them within one another are too many; and it takes for granted that layers which keep something from one
// call to the next say what.
//
//   NESO_RETURN_IF_ERROR(CheckIrText(text));
//
// Source: the IR of OpenVINO, version 11; Extensible Markup Language (XML) 1.0, chapters 2 and 3.
#pragma once

#include <string_view>

#include "neso/backend/status.h"

namespace neso::openvino {

// Looks at nothing else. Errors: INVALID_ARG for those two, and for what is not an IR at all.
backend::Status CheckIrText(std::string_view text);

}  // namespace neso::openvino
