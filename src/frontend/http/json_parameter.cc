#include "frontend/http/json_parameter.h"

#include "base/json.h"

namespace neso {

Status AddJsonParameter(std::string_view name, const JsonValue& value, InferenceRequest& request) {
  if (value.IsString()) {
    request.AddParameter(name, std::string(JsonText(value)));
  } else if (value.IsInt64()) {
    request.AddParameter(name, value.GetInt64());
  } else if (value.IsBool()) {
    request.AddParameter(name, value.GetBool());
  } else if (value.IsNumber()) {
    request.AddParameter(name, value.GetDouble());
  } else {
    return InvalidArg("parameter '{}' has invalid type. It should be either 'int', 'bool', or 'string'.", name);
  }
  return {};
}

void AppendJsonParameter(std::string& json, const ParameterValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) {
    AppendJsonString(json, *text);
  } else if (const auto* number = std::get_if<int64_t>(&value)) {
    AppendJsonInt(json, *number);
  } else if (const auto* flag = std::get_if<bool>(&value)) {
    json += *flag ? "true" : "false";
  } else {
    AppendJsonDouble(json, std::get<double>(value));
  }
}

}  // namespace neso
