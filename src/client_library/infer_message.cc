#include "client_library/infer_message.h"

#include <fmt/format.h>

#include <charconv>

#include "base/json.h"
#include "base/json_member.h"
#include "client/server_words.h"

namespace neso::client_library {
namespace {

constexpr char kJsonLength[] = "inference-header-content-length";

ClientError Wrong(const std::string& what) {
  return {ErrorKind::kInternal, "the server's answer cannot be read: " + what};
}

std::string TextOf(const JsonValue& object, const char* name) {
  const JsonValue* const value = FindMember(object, name);
  return value != nullptr && value->IsString() ? std::string(JsonText(*value)) : std::string();
}

struct AppendParameter {
  std::string& json;
  void operator()(bool value) const { json += value ? "true" : "false"; }
  void operator()(int64_t value) const { AppendJsonInt(json, value); }
  void operator()(double value) const { AppendJsonDouble(json, value); }
  void operator()(const std::string& value) const { AppendJsonString(json, value); }
};

// A tensor of the answer, whose bytes begin at `*at`.
Result<Tensor> ReadTensor(const JsonValue& output, const std::string& body, size_t* at) {
  const std::string name = TextOf(output, "name");
  const JsonValue* const shape = FindMember(output, "shape");
  const JsonValue* const parameters = FindMember(output, "parameters");
  const JsonValue* const byte_size = parameters == nullptr ? nullptr : FindMember(*parameters, "binary_data_size");
  if (shape == nullptr || !shape->IsArray() || byte_size == nullptr || !byte_size->IsUint64())
    return Wrong(fmt::format("output '{}' has no shape, or no bytes", name));
  std::vector<int64_t> sizes;
  for (const JsonValue& size : shape->GetArray()) sizes.push_back(size.IsInt64() ? size.GetInt64() : -1);
  if (byte_size->GetUint64() > body.size() - *at) {
    return Wrong(
        fmt::format("output '{}' should have {} bytes, but {} came", name, byte_size->GetUint64(), body.size() - *at));
  }
  Tensor tensor = Tensor::Raw(TextOf(output, "datatype"), std::move(sizes), body.substr(*at, byte_size->GetUint64()));
  *at += byte_size->GetUint64();
  return tensor;
}

ErrorKind KindOf(int status) {
  switch (status) {
    case 400: return ErrorKind::kInvalidArgument;
    case 404: return ErrorKind::kNotFound;
    case 409: return ErrorKind::kAlreadyExists;
    case 499: return ErrorKind::kCancelled;
    case 500: return ErrorKind::kInternal;
    case 501: return ErrorKind::kUnsupported;
    case 503: return ErrorKind::kUnavailable;
    default: return ErrorKind::kUnknown;
  }
}

}  // namespace

client::HttpCall WriteInferCall(const InferRequest& request) {
  std::string json = "{\"id\":" + JsonQuoted(request.id) + ",\"inputs\":[";
  size_t byte_size = 0;
  for (const auto& [name, tensor] : request.inputs) {
    json += fmt::format(R"({}{{"name":{},"datatype":{},"shape":[{}],"parameters":{{"binary_data_size":{}}}}})",
                        json.back() == '[' ? "" : ",", JsonQuoted(name), JsonQuoted(tensor.datatype()),
                        fmt::join(tensor.shape(), ","), tensor.bytes().size());
    byte_size += tensor.bytes().size();
  }
  json += "],";
  if (!request.outputs.empty()) {
    json += "\"outputs\":[";
    for (const std::string& name : request.outputs)
      json += fmt::format(R"({}{{"name":{}}})", json.back() == '[' ? "" : ",", JsonQuoted(name));
    json += "],";
  }
  json += "\"parameters\":{\"binary_data_output\":true";
  for (const auto& [name, value] : request.parameters) {
    json += "," + JsonQuoted(name) + ":";
    std::visit(AppendParameter{json}, value);
  }
  json += "}}";

  client::HttpCall call{.method = "POST", .path = client::ModelPath(request.model, request.version) + "/infer"};
  call.headers = {{"Content-Type", "application/octet-stream"}, {kJsonLength, std::to_string(json.size())}};
  call.body = std::move(json);
  call.body.reserve(call.body.size() + byte_size);
  for (const auto& [name, tensor] : request.inputs) call.body += tensor.bytes();
  return call;
}

Result<InferAnswer> ReadInferAnswer(const client::HttpAnswer& answer) {
  size_t at = answer.body.size();
  if (const std::string* length = answer.Find(kJsonLength)) {
    const char* const end = length->data() + length->size();
    const auto read = std::from_chars(length->data(), end, at);
    if (read.ec != std::errc() || read.ptr != end || at > answer.body.size())
      return Wrong(fmt::format("its JSON should have {} bytes, but {} came", *length, answer.body.size()));
  }
  const std::string json = answer.body.substr(0, at);
  JsonDocument document;
  if (const Status parsed = document.Parse(json); !parsed.ok()) return Wrong(parsed.message());
  const JsonValue& root = document.root();
  InferAnswer result{TextOf(root, "model_name"), TextOf(root, "model_version"), TextOf(root, "id"), {}};
  const JsonValue* const outputs = FindMember(root, "outputs");
  if (outputs == nullptr || !outputs->IsArray()) return Wrong("it has no outputs");
  for (const JsonValue& output : outputs->GetArray()) {
    Result<Tensor> tensor = ReadTensor(output, answer.body, &at);
    if (!tensor) return std::move(tensor).error();
    result.outputs.emplace(TextOf(output, "name"), std::move(tensor).value());
  }
  return result;
}

ClientError ErrorOf(const client::HttpAnswer& answer) {
  std::string text = client::ErrorText(answer.body).value_or("");
  if (text.empty()) text = fmt::format("the server answered with HTTP status {}", answer.status);
  return {KindOf(answer.status), std::move(text)};
}

}  // namespace neso::client_library
