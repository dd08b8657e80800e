#include "frontend/http/repository_request.h"

#include "base/base64.h"
#include "base/json.h"
#include "frontend/http/json_access.h"

namespace neso {
namespace {

Expected<const JsonValue*> Parameters(const JsonValue& root) {
  const JsonValue* parameters = FindMember(root, "parameters");
  if (parameters != nullptr && !parameters->IsObject()) {
    return Internal("Unable to parse 'parameters': attempt to get members for non-object");
  }
  return parameters;
}

Expected<LoadParameter> ParseLoadParameter(std::string_view name, const JsonValue& value) {
  const bool is_file = name.starts_with("file:");
  if (name != "config" && !is_file) return Internal("unexpected error on creating Triton parameter");
  const Expected<std::string_view> text = AsString(value);
  if (!text) return UnableToParse(name, text.error());
  LoadParameter parameter{.name = std::string(name), .is_bytes = is_file, .value = {}};
  if (!is_file) {
    parameter.value = std::string(*text);
    return parameter;
  }
  Expected<std::string> bytes = DecodeBase64(*text);
  if (!bytes) return bytes.error().WithContext("failed to decode '{}'", name);
  parameter.value = *std::move(bytes);
  return parameter;
}

}  // namespace

Expected<bool> ParseIndexRequest(std::string_view body) {
  if (body.empty()) return false;
  JsonDocument document;
  RETURN_IF_ERROR(document.Parse(body));
  const JsonValue* ready = FindMember(document.root(), "ready");
  if (ready == nullptr) return false;
  if (!ready->IsBool()) return InvalidArg("Invalid value for 'ready': expected a boolean");
  return ready->GetBool();
}

Expected<std::vector<LoadParameter>> ParseLoadRequest(std::string_view body) {
  std::vector<LoadParameter> parameters;
  if (body.empty()) return parameters;
  JsonDocument document;
  RETURN_IF_ERROR(document.Parse(body));
  ASSIGN_OR_RETURN(const JsonValue* members, Parameters(document.root()));
  if (members == nullptr) return parameters;
  for (const auto& member : members->GetObject()) {
    ASSIGN_OR_RETURN(LoadParameter parameter, ParseLoadParameter(JsonText(member.name), member.value));
    parameters.push_back(std::move(parameter));
  }
  return parameters;
}

Expected<bool> ParseUnloadRequest(std::string_view body) {
  if (body.empty()) return false;
  JsonDocument document;
  RETURN_IF_ERROR(document.Parse(body));
  ASSIGN_OR_RETURN(const JsonValue* members, Parameters(document.root()));
  const JsonValue* dependents = members == nullptr ? nullptr : FindMember(*members, "unload_dependents");
  if (dependents == nullptr) return false;
  const Expected<bool> value = AsBool(*dependents);
  if (!value) return UnableToParse("unload_dependents", value.error());
  return *value;
}

std::string IndexJson(const std::vector<ModelIndexEntry>& index) {
  std::string json = "[";
  for (const ModelIndexEntry& entry : index) {
    if (json.size() > 1) json.push_back(',');
    json += "{\"name\":";
    AppendJsonString(json, entry.name);
    if (entry.version >= 0) {
      json += ",\"version\":\"";
      AppendJsonInt(json, entry.version);
      json.push_back('"');
    }
    // A model that was never loaded has only its name.
    if (entry.version >= 0 || entry.state != ModelState::kUnknown) {
      json += ",\"state\":\"";
      json += ModelStateName(entry.state);
      json.push_back('"');
    }
    if (!entry.reason.empty()) {
      json += ",\"reason\":";
      AppendJsonString(json, entry.reason);
    }
    json.push_back('}');
  }
  json.push_back(']');
  return json;
}

}  // namespace neso
