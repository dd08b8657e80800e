// The names of an AOTInductor package's tensors: places in the call that it was made from.
//
//   f(x, {"a": y}, scale=z) -> (s, {"t": t})
//   inputs   ARGS[0]  ARGS[1][a]  KWARGS[scale]      or INPUT__0   INPUT__1   INPUT__2
//   outputs  RESULT[0]  RESULT[1][t]                 or OUTPUT__0  OUTPUT__1
//
// Source: the JSON form of PyTorch's pytrees, version 1.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "naming.h"

namespace neso::pytorch {

// For each tensor, in the order of the call, the names it may be called by.
struct CallNames {
  std::vector<std::vector<std::string>> inputs;
  std::vector<std::vector<std::string>> outputs;
};

// Errors: INTERNAL for a specification that cannot be read.
Result<CallNames> ReadCallSpec(std::string_view inputs, std::string_view outputs);

// Errors: the texts of the contract for configurations that do not fit `instance`; INVALID_ARG when two inputs are one
// tensor of the package, or one has none.
Result<Binding> BindPackage(const CallNames& names, const backend::ModelConfig& config, const std::string& instance);

}  // namespace neso::pytorch
