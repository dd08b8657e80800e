#include "perf/openai/payload.h"

#include "base/json_member.h"
#include "base/text.h"
#include "client/event_splitter.h"

namespace neso::perf {

namespace {

// A body may have as many values as fit into it: what stands in its arrays is not kept as such.
bool IsOfArray(std::string_view) { return true; }

}  // namespace

ModelFacts FactsOfPayloads(const Options& options) {
  ModelFacts facts;
  facts.has_statistics = false;
  facts.is_decoupled = options.streaming;
  facts.inputs.push_back({.name = "payload", .datatype = kJsonDatatype, .shape = {1}});
  facts.outputs.push_back({.name = "response", .datatype = kJsonDatatype, .shape = {1}});
  return facts;
}

bool TakesPayloads(const ModelFacts& facts) {
  return facts.inputs.size() == 1 && facts.inputs[0].datatype == kJsonDatatype;
}

Expected<Tensor> ReadPayload(std::string_view array, const TensorFacts& facts) {
  JsonDocument document;
  RETURN_IF_ERROR(document.Parse(array, IsOfArray));
  const JsonValue& bodies = document.root();
  if (!bodies.IsArray() || bodies.Size() != 1 || !bodies[0].IsObject())
    return InvalidArg("'{}': expected an array of one object, which is the body of a request", facts.name);
  const std::string_view body =
      TrimBlanks(array.substr(1, array.size() - 2));  // written anew, numbers would lose digits
  return Tensor{.name = facts.name, .datatype = facts.datatype, .shape = facts.shape, .bytes = std::string(body)};
}

bool AsksForEvents(const TensorSet& request) {
  JsonDocument document;
  if (request.inputs.empty() || !document.Parse(request.inputs[0].bytes, IsOfArray).ok()) return false;
  const JsonValue* const stream = FindMember(document.root(), "stream");
  return stream != nullptr && stream->IsBool() && stream->GetBool();
}

void ForEachDataOf(std::string_view event, const std::function<void(const JsonValue& data)>& take) {
  client::ForEachData(event, [&take](std::string_view data) {
    JsonDocument document;
    if (document.Parse(data).ok()) take(document.root());
  });
}

std::optional<std::string> ErrorOfEvent(std::string_view event) {
  std::optional<std::string> told;
  if (event.find("\"error\"") == std::string_view::npos) return told;
  ForEachDataOf(event, [&told](const JsonValue& data) {
    const JsonValue* const error = FindMember(data, "error");
    if (told || error == nullptr || error->IsNull()) return;
    const JsonValue* const message = FindMember(*error, "message");
    const JsonValue& said = message == nullptr ? *error : *message;
    told = said.IsString() ? std::string(JsonText(said)) : DumpJson(said);
  });
  return told;
}

}  // namespace neso::perf
