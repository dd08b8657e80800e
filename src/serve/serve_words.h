// The command lines of `neso serve` and `neso init`.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"

namespace neso {

struct ServeWords {
  std::string what;                          // a file, a folder or a package
  std::string name;                          // empty: after `what`
  std::vector<std::string> inputs, outputs;  // "image=FP32[-1,1,8,8]"
  bool choose_ports = false;
  int port = 0;  // 0: the usual ones
  bool to_stdout = false;
  bool force = false;
  std::vector<std::string> server_options;
};

// `arguments`: those of the process. Error: kInvalidArg, what was expected.
Expected<ServeWords> ReadServeWords(const std::vector<std::string>& arguments);

// The tensor "image=FP32[-1,1,8,8]" as a configuration has it: `input { name: "image" data_type: TYPE_FP32 dims: [1,8,8] }`.
// A first dimension of -1 is the batch's, and is left out when `batches`. Error: kInvalidArg.
struct TypedTensor {
  std::string name, datatype;
  std::vector<int64_t> shape;
};
Expected<TypedTensor> ReadTypedTensor(const std::string& text);

}  // namespace neso
