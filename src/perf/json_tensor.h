// The elements of tensors as JSON writes them, and as they travel.
//
//   std::string bytes;
//   RETURN_IF_ERROR(AppendJsonElement(value, "FP32", bytes));   // 4 bytes more
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "perf/tensor.h"

namespace neso::perf {

// Error: kInvalidArg for a value that is none of the datatype, also for FP16 and BF16, which JSON has no form for.
Status AppendJsonElement(const JsonValue& value, std::string_view datatype, std::string& bytes);

// "[1,2.5]", flat. Error: kUnsupported for FP16 and BF16; kInvalidArg for bytes that are not whole elements.
Expected<std::string> JsonElementsText(const Tensor& tensor);

}  // namespace neso::perf
