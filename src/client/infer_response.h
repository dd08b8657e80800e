// What ModelInferResponse and ModelStreamInferResponse say, as far as is asked for. Source: the service's messages.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace neso::client {

// Views into the message, here and below.
struct OutputTensor {
  std::string_view name, datatype;
  std::vector<int64_t> shape;
  std::string_view bytes;  // as the binary form of HTTP has them: little-endian, strings behind four bytes of length;
                           // empty for one that lies in shared memory
};

struct InferResponse {
  std::string_view model, version, id;
  std::vector<std::string_view> parameters;  // entries of the map
  std::vector<OutputTensor> outputs;
};
// Of a ModelInferResponse. Errors: kInternal when it is none; kUnsupported when tensors are not in their raw form.
Expected<InferResponse> ReadInferResponse(std::string_view message);

// Its parameters as HTTP has them, in JSON: {"priority":1}. Error: kInternal when one is no Protocol Buffer.
Expected<std::string> ParametersJson(const InferResponse& response);

// Of a ModelStreamInferResponse.
struct StreamAnswer {
  std::string_view error;     // empty: none
  std::string_view response;  // a ModelInferResponse
  std::string_view id;        // of the request
  bool is_final = false;      // a decoupled model has no more for this request
  bool has_outputs = false;
};
// Error: kInternal when it is no such message.
Expected<StreamAnswer> ReadStreamAnswer(std::string_view message);

}  // namespace neso::client
