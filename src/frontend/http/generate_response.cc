#include "frontend/http/generate_response.h"

#include <map>
#include <string_view>

#include "base/json.h"
#include "frontend/http/json_parameter.h"
#include "frontend/http/json_tensor.h"

namespace neso {

Expected<std::string> EncodeGenerateResponse(const InferenceResponse& response) {
  std::map<std::string_view, std::string> members;  // JSON by name
  if (!response.id().empty()) members["id"] = JsonQuoted(response.id());
  members["model_name"] = JsonQuoted(response.model_name());
  members["model_version"] = JsonQuoted(std::to_string(response.model_version()));
  for (const NamedParameter& parameter : response.parameters()) {
    const auto [member, is_new] = members.try_emplace(parameter.name);
    if (is_new) AppendJsonParameter(member->second, parameter.value);
  }
  for (const Output& output : response.outputs()) {
    const auto [member, is_new] = members.try_emplace(output.name());
    if (!is_new) continue;
    RETURN_IF_ERROR(
        AppendJsonElements(member->second, output.datatype(), output.base(), output.attributes().byte_size));
  }
  std::string json;
  for (const auto& [name, value] : members) {
    json.push_back(json.empty() ? '{' : ',');
    AppendJsonString(json, name);
    json.push_back(':');
    json += value;
  }
  json.push_back('}');
  return json;
}

}  // namespace neso
