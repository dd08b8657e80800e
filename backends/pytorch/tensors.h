// Tensors across the border of PyTorch.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue.h>

#include <memory>
#include <vector>

#include "program.h"

namespace neso::pytorch {

// A tensor over the argument's memory, on `device`; copied there if that is not the CPU, or if `writable` says that the model
// writes to it: the memory is the client's. Throws what PyTorch throws.
at::Tensor MakeTensor(const Argument& argument, const c10::Device& device, bool writable);

// Tensors and lists of strings. `failure` stands before what PyTorch says when one cannot be brought to the CPU.
std::unique_ptr<Results> MakeResults(std::vector<c10::IValue> values, const std::string& failure);

}  // namespace neso::pytorch
