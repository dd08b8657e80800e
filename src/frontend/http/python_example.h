// A right request for a model, as a program for the stock client in Python.
//
//   PythonExample(model, "localhost:8000")   // import numpy as np ... print(result.as_numpy("scores"))
#pragma once

#include <string>
#include <string_view>

#include "core/model.h"

namespace neso {

// As ExampleRequest has it: one batch element, sizes that are free taken as 1, all values zero, optional inputs left out. Empty
// where no program would be right: tensors that nobody has the memory for, and models that answer more than once.
std::string PythonExample(const Model& model, std::string_view address);

}  // namespace neso
