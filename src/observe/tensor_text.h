// A tensor's elements as a trace file has them.
//
//   TensorText(DataType::kFp32, bytes) is "1.5,-2.25,1e-07"
#pragma once

#include <string>
#include <string_view>

#include "core/types.h"

namespace neso {

// Elements with commas between them: numbers in decimals, reals with six digits, BOOL as 0 or 1, BYTES as quoted and
// escaped text. Empty for FP16 and BF16. What is left of `bytes` behind the last whole element is not shown.
// Source: Triton's trace files; with small integers as numbers, and texts that stay readable whatever is in them.
std::string TensorText(DataType type, std::string_view bytes);

}  // namespace neso
