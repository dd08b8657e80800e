#include "http/http_result.h"

#include <utility>

#include "common/bytes_tensor.h"
#include "http/json_tensor.h"
#include "json_utils.h"

namespace triton {
namespace client {
namespace {

// Null if there is none, or `json` is no object.
const rapidjson::Value* Member(const rapidjson::Value& json, const char* name) {
  if (!json.IsObject()) return nullptr;
  const auto member = json.FindMember(name);
  return member == json.MemberEnd() ? nullptr : &member->value;
}

std::string TextOf(const rapidjson::Value* json) {
  return json != nullptr && json->IsString() ? std::string(json->GetString(), json->GetStringLength()) : std::string();
}

}  // namespace

Error ServerError(const HttpAnswer& answer, const std::string& otherwise) {
  rapidjson::Document json;
  if (!ParseJson(&json, answer.body).IsOk()) return Error(otherwise);
  const std::string text = TextOf(Member(json, "error"));
  return Error(text.empty() ? otherwise : text);
}

HttpInferResult::HttpInferResult(Error status) : status_(std::move(status)) {}

HttpInferResult::HttpInferResult(HttpAnswer answer) : answer_(std::move(answer)) { status_ = Read(); }

Error HttpInferResult::Read() {
  if (answer_.status != 200) return ServerError(answer_, "inference failed with unknown error");
  const size_t json_byte_size = answer_.json_byte_size == 0 ? answer_.body.size() : answer_.json_byte_size;
  if (json_byte_size > answer_.body.size()) {
    return Error("the response's JSON should have " + std::to_string(json_byte_size) + " bytes, but " +
                 std::to_string(answer_.body.size()) + " came");
  }
  if (Error error = ParseJson(&json_, answer_.body.substr(0, json_byte_size)); !error.IsOk()) return error;
  const rapidjson::Value* outputs = Member(json_, "outputs");
  if (outputs == nullptr || !outputs->IsArray()) return Error::Success;
  size_t read = json_byte_size;
  for (const auto& output : outputs->GetArray()) {
    if (Error error = ReadOutput(output, &read); !error.IsOk()) return error;
  }
  return Error::Success;
}

Error HttpInferResult::ReadOutput(const rapidjson::Value& json, size_t* read) {
  const std::string name = TextOf(Member(json, "name"));
  Output& output = outputs_[name];
  output.datatype = TextOf(Member(json, "datatype"));
  if (const rapidjson::Value* shape = Member(json, "shape"); shape != nullptr && shape->IsArray()) {
    for (const auto& size : shape->GetArray()) output.shape.push_back(size.IsInt64() ? size.GetInt64() : -1);
  }
  if (const rapidjson::Value* data = Member(json, "data")) {
    output.has_data = true;
    return ReadJsonTensor(&output.from_json, *data, output.datatype);
  }
  const rapidjson::Value* parameters = Member(json, "parameters");
  const rapidjson::Value* byte_size = parameters == nullptr ? nullptr : Member(*parameters, "binary_data_size");
  if (byte_size == nullptr || !byte_size->IsUint64()) return Error::Success;
  output.has_data = true;
  output.begin = *read;
  output.byte_size = byte_size->GetUint64();
  if (output.byte_size > answer_.body.size() - *read) {
    return Error("output '" + name + "' should have " + std::to_string(output.byte_size) + " bytes, but " +
                 std::to_string(answer_.body.size() - *read) + " came");
  }
  *read += output.byte_size;
  return Error::Success;
}

Error HttpInferResult::Text(const char* member, const char* what, std::string* text) const {
  if (!status_.IsOk()) return status_;
  const rapidjson::Value* value = Member(json_, member);
  if (value == nullptr || !value->IsString()) return Error(std::string(what) + " was not returned in the response");
  *text = TextOf(value);
  return Error::Success;
}

Error HttpInferResult::ModelName(std::string* name) const { return Text("model_name", "model name", name); }
Error HttpInferResult::ModelVersion(std::string* version) const {
  return Text("model_version", "model version", version);
}
Error HttpInferResult::Id(std::string* id) const { return Text("id", "model id", id); }

Error HttpInferResult::Find(const std::string& name, const Output** output) const {
  if (!status_.IsOk()) return status_;
  const auto found = outputs_.find(name);
  if (found == outputs_.end()) return Error("The response does not contain results for output name " + name);
  *output = &found->second;
  return Error::Success;
}

Error HttpInferResult::Shape(const std::string& output_name, std::vector<int64_t>* shape) const {
  const Output* output;
  if (Error error = Find(output_name, &output); !error.IsOk()) return error;
  *shape = output->shape;
  return Error::Success;
}

Error HttpInferResult::Datatype(const std::string& output_name, std::string* datatype) const {
  const Output* output;
  if (Error error = Find(output_name, &output); !error.IsOk()) return error;
  *datatype = output->datatype;
  return Error::Success;
}

Error HttpInferResult::RawData(const std::string& output_name, const uint8_t** buf, size_t* byte_size) const {
  const Output* output;
  if (Error error = Find(output_name, &output); !error.IsOk()) return error;
  if (!output->has_data) return Error("The response does not contain results for output name " + output_name);
  const bool from_body = output->from_json.empty();
  const char* data = from_body ? answer_.body.data() + output->begin : output->from_json.data();
  *buf = reinterpret_cast<const uint8_t*>(data);
  *byte_size = from_body ? output->byte_size : output->from_json.size();
  return Error::Success;
}

Error HttpInferResult::StringData(const std::string& output_name, std::vector<std::string>* string_result) const {
  return StringsOf(*this, output_name, string_result);
}

Error HttpInferResult::IsFinalResponse(bool* is_final_response) const {
  if (is_final_response == nullptr) return Error("is_final_response cannot be nullptr");
  *is_final_response = true;  // there is one
  return Error::Success;
}

Error HttpInferResult::IsNullResponse(bool* is_null_response) const {
  if (is_null_response == nullptr) return Error("is_null_response cannot be nullptr");
  *is_null_response = outputs_.empty();
  return Error::Success;
}

std::string HttpInferResult::DebugString() const {
  if (!status_.IsOk()) return status_.Message();
  return answer_.json_byte_size == 0 ? answer_.body : answer_.body.substr(0, answer_.json_byte_size);
}

}  // namespace client
}  // namespace triton
