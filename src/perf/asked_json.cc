#include "perf/asked_json.h"

#include "base/json_member.h"

namespace neso::perf {

Status AskedJson::Ask(Transport& transport, Question question, const ModelName& model) {
  ASSIGN_OR_RETURN(text_, transport.Ask(question, model.name, model.version));
  if (document_.Parse(text_).ok() && document_.root().IsObject()) return {};
  return Internal("model '{}': expected a JSON object from the server", model.name);
}

uint64_t NumberIn(const JsonValue& object, const char* name) {
  const JsonValue* const value = FindMember(object, name);
  return value != nullptr && value->IsUint64() ? value->GetUint64() : 0;
}

bool IsSetIn(const JsonValue& config, const char* part, const char* name) {
  const JsonValue* const object = FindMember(config, part);
  const JsonValue* const value = object == nullptr ? nullptr : FindMember(*object, name);
  return value != nullptr && value->IsBool() && value->GetBool();
}

}  // namespace neso::perf
