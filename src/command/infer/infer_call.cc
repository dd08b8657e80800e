#include "command/infer/infer_call.h"

#include <fmt/format.h>

#include <charconv>

#include "base/json.h"
#include "base/text.h"
#include "client/server_words.h"
#include "command/json_answer.h"
#include "command/json_members.h"

namespace neso::command {
namespace {

constexpr const char* kJsonLengthHeader = "Inference-Header-Content-Length";

std::string ParametersJson(const InferQuestion& question) {
  std::vector<std::string> members;
  for (const auto& [name, value] : question.parameters)
    members.push_back(JsonQuoted(name) + ":" + ParameterJson(value));
  // What JSON has of some datatypes is no number, or nothing at all.
  members.push_back("\"" + std::string(kBinaryOutput) + "\":true");
  return "{" + Join(members, ",") + "}";
}

std::string OutputsJson(const InferQuestion& question) {
  std::vector<std::string> outputs;
  const std::string parameters = question.classes == 0
                                     ? R"({"binary_data":true})"
                                     : fmt::format(R"({{"binary_data":true,"classification":{}}})", question.classes);
  for (const std::string& name : question.outputs)
    outputs.push_back("{\"name\":" + JsonQuoted(name) + ",\"parameters\":" + parameters + "}");
  return "[" + Join(outputs, ",") + "]";
}

}  // namespace

ParameterValue ReadParameter(const std::string& text) {
  if (text == "true" || text == "false") return text == "true";
  int64_t whole = 0;
  const char* const end = text.data() + text.size();
  if (const auto read = std::from_chars(text.data(), end, whole); read.ec == std::errc() && read.ptr == end)
    return whole;
  return text;
}

std::string ParameterJson(const std::string& text) {
  return std::holds_alternative<std::string>(ReadParameter(text)) ? JsonQuoted(text) : text;
}

client::HttpCall WriteInfer(const InferQuestion& question) {
  std::string json = "{", bytes;
  if (!question.id.empty()) json += "\"id\":" + JsonQuoted(question.id) + ",";
  std::vector<std::string> inputs;
  for (const Tensor& input : question.inputs) {
    inputs.push_back(fmt::format(R"({{"name":{},"datatype":"{}","shape":{},"parameters":{{"binary_data_size":{}}}}})",
                                 JsonQuoted(input.name), input.TypeName(), ShapeText(input.shape), input.bytes.size()));
    bytes += input.bytes;
  }
  json += "\"inputs\":[" + Join(inputs, ",") + "],\"parameters\":" + ParametersJson(question);
  if (!question.outputs.empty()) json += ",\"outputs\":" + OutputsJson(question);
  json += "}";
  client::HttpCall call{.method = "POST", .path = client::ModelPath(question.model, question.version) + "/infer"};
  call.headers.emplace_back("Content-Type", "application/octet-stream");
  call.headers.emplace_back(kJsonLengthHeader, std::to_string(json.size()));
  call.body = json + bytes;
  return call;
}

Expected<InferAnswer> ReadInferAnswer(const client::HttpAnswer& answer) {
  size_t json_size = answer.body.size();
  if (const std::string* const length = answer.Find(ToLowerAscii(kJsonLengthHeader)); length != nullptr)
    std::from_chars(length->data(), length->data() + length->size(), json_size);
  if (json_size > answer.body.size())
    return Internal("the server's answer has {} bytes, and says that {} are JSON", answer.body.size(), json_size);
  ASSIGN_OR_RETURN(const JsonAnswerPtr json, JsonAnswer::Read(answer.body.substr(0, json_size)));
  std::string_view bytes = std::string_view(answer.body).substr(json_size);
  InferAnswer made{.model = TextOf(json->root(), "model_name"),
                   .version = TextOf(json->root(), "model_version"),
                   .id = TextOf(json->root(), "id")};
  if (const JsonValue& parameters = ObjectOf(json->root(), "parameters"); parameters.MemberCount() > 0)
    made.parameters = DumpJson(parameters);
  for (const JsonValue& output : ArrayOf(json->root(), "outputs").GetArray()) {
    const uint64_t size = CountOf(ObjectOf(output, "parameters"), "binary_data_size");
    if (size > bytes.size())
      return Internal("output '{}': expected {} bytes from the server, got {}", TextOf(output, "name"), size,
                      bytes.size());
    made.outputs.push_back({.name = TextOf(output, "name"),
                            .datatype = FindDataType(TextOf(output, "datatype"), &DataTypeFacts::name),
                            .shape = ShapeOf(output, "shape"),
                            .bytes = std::string(bytes.substr(0, size))});
    bytes.remove_prefix(size);
  }
  return made;
}

}  // namespace neso::command
