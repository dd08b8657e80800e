// An inference: the question, and how it goes over HTTP, with its tensors as bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/status.h"
#include "client/http_client.h"
#include "command/infer/tensor.h"

namespace neso::command {

struct InferQuestion {
  std::string model, version = {};
  std::string id = {};
  std::vector<Tensor> inputs = {};
  std::vector<std::string> outputs = {};                             // none: all of them
  unsigned classes = 0;                                              // the best so many, instead of the numbers
  std::vector<std::pair<std::string, std::string>> parameters = {};  // "priority", "2"
};

// A parameter of requests that is the command's own: outputs come as bytes.
constexpr std::string_view kBinaryOutput = "binary_data_output";

// "2" and "true" as what they look like, anything else as a text.
using ParameterValue = std::variant<bool, int64_t, std::string>;
ParameterValue ReadParameter(const std::string& text);
std::string ParameterJson(const std::string& text);

client::HttpCall WriteInfer(const InferQuestion& question);

struct InferAnswer {
  std::string model, version, id = {};
  std::string parameters = {};  // JSON; empty: none
  std::vector<Tensor> outputs = {};
};

// `answer`: of status 200. Error: kInternal, what is no such answer.
Expected<InferAnswer> ReadInferAnswer(const client::HttpAnswer& answer);

}  // namespace neso::command
