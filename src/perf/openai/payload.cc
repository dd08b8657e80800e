#include "perf/openai/payload.h"

#include "base/json.h"
#include "base/json_member.h"
#include "base/text.h"

namespace neso::perf {

ModelFacts FactsOfPayloads(const Options& options) {
  ModelFacts facts;
  facts.has_statistics = false;
  facts.is_decoupled = options.streaming;
  facts.inputs.push_back({.name = "payload", .datatype = kJsonDatatype, .shape = {1}});
  facts.outputs.push_back({.name = "response", .datatype = kJsonDatatype, .shape = {1}});
  return facts;
}

Expected<Tensor> ReadPayload(std::string_view array, const TensorFacts& facts) {
  JsonDocument document;
  RETURN_IF_ERROR(document.Parse(array));
  const JsonValue& bodies = document.root();
  if (!bodies.IsArray() || bodies.Size() != 1 || !bodies[0].IsObject())
    return InvalidArg("'{}': expected an array of one object, which is the body of a request", facts.name);
  return Tensor{.name = facts.name, .datatype = facts.datatype, .shape = facts.shape, .bytes = DumpJson(bodies[0])};
}

bool AsksForEvents(const TensorSet& request) {
  JsonDocument document;
  if (request.inputs.empty() || !document.Parse(request.inputs[0].bytes).ok()) return false;
  const JsonValue* const stream = FindMember(document.root(), "stream");
  return stream != nullptr && stream->IsBool() && stream->GetBool();
}

std::optional<std::string> ErrorOfEvent(std::string_view event) {
  if (event.find("\"error\"") == std::string_view::npos) return {};
  for (std::string_view line : Split(event, '\n')) {
    if (!line.starts_with("data:")) continue;
    line.remove_prefix(std::string_view("data:").size());
    JsonDocument document;
    if (!document.Parse(line).ok()) continue;
    const JsonValue* const error = FindMember(document.root(), "error");
    if (error == nullptr || error->IsNull()) continue;
    const JsonValue* const message = FindMember(*error, "message");
    const JsonValue& told = message == nullptr ? *error : *message;
    return told.IsString() ? std::string(JsonText(told)) : DumpJson(told);
  }
  return {};
}

}  // namespace neso::perf
