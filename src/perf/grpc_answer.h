// What ModelInferResponse and ModelStreamInferResponse say, as far as is asked for. Source: the service's messages.
#pragma once

#include <string_view>
#include <vector>

#include "base/status.h"
#include "perf/tensor.h"

namespace neso::perf {

// Of a ModelStreamInferResponse; views into the message.
struct StreamAnswer {
  std::string_view error;     // empty: none
  std::string_view response;  // a ModelInferResponse
  std::string_view id;        // of the request
  bool is_final = false;      // a decoupled model has no more for this request
  bool has_outputs = false;
};
// Error: kInternal when it is no such message.
Expected<StreamAnswer> ReadStreamAnswer(std::string_view message);

// The outputs of a ModelInferResponse. Errors: kInternal when it is none; kUnsupported when tensors are not in their raw
// form.
Expected<std::vector<Tensor>> ReadGrpcOutputs(std::string_view response);

}  // namespace neso::perf
