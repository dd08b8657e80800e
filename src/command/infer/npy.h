// Files of NumPy's format .npy, as numpy.save writes them.
//
//   ASSIGN_OR_RETURN(const Tensor tensor, ReadNpy(bytes));
//
// Source: NumPy, "NEP 1: A simple file format for NumPy arrays", versions 1 to 3.
#pragma once

#include <string>
#include <string_view>

#include "command/infer/tensor.h"

namespace neso::command {

bool IsNpy(std::string_view bytes);

// Numbers, booleans and texts (S and U), of either byte order, by rows or by columns.
// Errors: kInvalidArg, what is no such file; kUnsupported for arrays of objects, records, dates and complex numbers.
Expected<Tensor> ReadNpy(std::string_view bytes);

// Texts become an array of S, BF16 becomes float32. Error: kInvalidArg for BYTES that are none.
Expected<std::string> WriteNpy(const Tensor& tensor);

}  // namespace neso::command
