// Tensors for people.
//
//   scores FP32 [2,3]
//     0.1 0.7 0.2
//     0.9 0.05 0.05
#pragma once

#include <string>

#include "base/status.h"
#include "command/infer/tensor.h"

namespace neso::command {

// `most`: how many values of a row, and how many rows, are shown before "...".
// Error: kInternal for bytes that are not those of the shape.
Expected<std::string> TensorLines(const Tensor& tensor, size_t most);

}  // namespace neso::command
