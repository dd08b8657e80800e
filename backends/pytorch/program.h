// A loaded model as instances run it, of TorchScript or AOTInductor. Free of PyTorch's headers: a file that reads those takes
// half a minute to compile.
//
//   NESO_ASSIGN_OR_RETURN(const std::unique_ptr<Results> results, program->Run(arguments));
//   NESO_ASSIGN_OR_RETURN(const Value scores, results->At(0));
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "neso/backend/datatype.h"
#include "neso/backend/status.h"

namespace neso::pytorch {

using backend::DataType;
using backend::Result;
using backend::Status;

// A tensor that the model is called with, or a list of strings. Whoever calls keeps the memory until the results are gone.
struct Argument {
  std::string_view key;  // in a dictionary
  DataType datatype = TRITONSERVER_TYPE_INVALID;
  std::vector<int64_t> shape;
  const std::byte* data = nullptr;
  std::vector<std::string_view> strings;  // of BYTES, instead of `data`
};

// What the model gave for one output; `datatype` is INVALID where the model configuration has no name for the type.
struct Value {
  DataType datatype = TRITONSERVER_TYPE_INVALID;
  std::vector<int64_t> shape;
  const std::byte* data = nullptr;
  size_t byte_size = 0;
  std::vector<std::string_view> strings;
};

// Of one run; owns the memory of its values.
class Results {
 public:
  virtual ~Results() = default;
  virtual size_t size() const = 0;
  // In the memory of the CPU, dense and row-major; 0 <= index < size().
  virtual Result<Value> At(size_t index) = 0;
};

// An argument of the model's forward().
struct ForwardArgument {
  enum class Kind { kTensor, kList, kDictionary, kOther };
  std::string name;
  Kind kind = Kind::kTensor;
  std::string type;  // as TorchScript writes it
};

// Thread-safe, as far as the model is: one that changes itself when it is called is not.
class Program {
 public:
  virtual ~Program() = default;
  // What the model is called with: positions, or one dictionary. Errors: INTERNAL "<failure><what PyTorch says>".
  virtual Result<std::unique_ptr<Results>> Run(std::span<const Argument> arguments, bool as_dictionary,
                                               const std::string& failure) = 0;
};

}  // namespace neso::pytorch
