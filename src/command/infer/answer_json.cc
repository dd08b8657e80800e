#include "command/infer/answer_json.h"

#include <fmt/format.h>

#include "base/json.h"
#include "base/text.h"
#include "base/utf8.h"
#include "client/numbers.h"
#include "client/text_elements.h"

namespace neso::command {
namespace {

std::string ModelMembers(const InferAnswer& answer) {
  const std::string id = answer.id.empty() ? "" : "\"id\":" + JsonQuoted(answer.id) + ",";
  return fmt::format(R"({}"model_name":{},"model_version":{})", id, JsonQuoted(answer.model),
                     JsonQuoted(answer.version));
}

}  // namespace

Expected<std::string> ValuesJson(const Tensor& tensor, bool unwraps_one) {
  if (tensor.datatype == TRITONSERVER_TYPE_INVALID) return Internal("output '{}' has no datatype", tensor.name);
  std::vector<std::string> values;
  if (tensor.datatype == TRITONSERVER_TYPE_BYTES) {
    ASSIGN_OR_RETURN(const std::vector<std::string_view> texts, client::TextsIn(tensor.bytes));
    for (const std::string_view text : texts) values.push_back(JsonQuoted(ToUtf8(text)));  // they may be any bytes
  } else {
    const size_t width = FactsOfDataType(tensor.datatype).byte_size;
    for (size_t at = 0; at + width <= tensor.bytes.size(); at += width)
      values.push_back(client::NumberJson(tensor.datatype, tensor.bytes.data() + at));
  }
  return values.size() == 1 && unwraps_one ? values[0] : "[" + Join(values, ",") + "]";
}

Expected<std::string> AnswerJson(const InferAnswer& answer) {
  std::vector<std::string> outputs;
  for (const Tensor& output : answer.outputs) {
    ASSIGN_OR_RETURN(const std::string values, ValuesJson(output, /*unwraps_one=*/false));
    outputs.push_back(fmt::format(R"({{"name":{},"datatype":"{}","shape":{},"data":{}}})", JsonQuoted(output.name),
                                  output.TypeName(), ShapeText(output.shape), values));
  }
  const std::string parameters = answer.parameters.empty() ? "" : ",\"parameters\":" + answer.parameters;
  return fmt::format(R"({{{}{},"outputs":[{}]}})", ModelMembers(answer), parameters, Join(outputs, ","));
}

Expected<std::string> EventJson(const InferAnswer& answer) {
  std::string json = "{" + ModelMembers(answer);
  for (const Tensor& output : answer.outputs) {
    ASSIGN_OR_RETURN(const std::string values, ValuesJson(output, /*unwraps_one=*/true));
    json += "," + JsonQuoted(output.name) + ":" + values;
  }
  return json + "}";
}

}  // namespace neso::command
