// Tensors as JSON.
#pragma once

#include <string>

#include "base/status.h"
#include "command/infer/infer_call.h"

namespace neso::command {

// "[1,2.5]". With `unwraps_one` a single value stands without brackets. Errors: kInvalidArg for texts
// that are none; kInternal without a datatype.
Expected<std::string> ValuesJson(const Tensor& tensor, bool unwraps_one);

// As HTTP answers `infer`, and as an event of `generate_stream`: outputs by their names. Errors: those of ValuesJson.
Expected<std::string> AnswerJson(const InferAnswer& answer);
Expected<std::string> EventJson(const InferAnswer& answer);

}  // namespace neso::command
