#include "command/infer/model_facts.h"

#include <algorithm>

#include "command/json_members.h"

namespace neso::command {
namespace {

Expected<std::vector<TensorFacts>> ReadTensors(const JsonValue& metadata, const char* which) {
  std::vector<TensorFacts> tensors;
  for (const JsonValue& tensor : ArrayOf(metadata, which).GetArray()) {
    const std::string datatype = TextOf(tensor, "datatype");
    tensors.push_back({.name = TextOf(tensor, "name"),
                       .datatype = FindDataType(datatype, &DataTypeFacts::name),
                       .shape = ShapeOf(tensor, "shape")});
    if (tensors.back().datatype == TRITONSERVER_TYPE_INVALID)
      return Internal("the server has the datatype '{}' for '{}'", datatype, tensors.back().name);
  }
  return tensors;
}

ImageLayout LayoutOf(const std::string& format) {
  if (format == "FORMAT_NCHW") return ImageLayout::kChannelsFirst;
  return format == "FORMAT_NHWC" ? ImageLayout::kChannelsLast : ImageLayout::kUnsaid;
}

}  // namespace

Expected<ModelFacts> ReadModelFacts(const JsonValue& metadata, const JsonValue& config) {
  ModelFacts facts{.name = TextOf(metadata, "name"),
                   .batches = CountOf(config, "max_batch_size") > 0,
                   .is_decoupled = IsTrue(ObjectOf(config, "model_transaction_policy"), "decoupled")};
  ASSIGN_OR_RETURN(facts.inputs, ReadTensors(metadata, "inputs"));
  ASSIGN_OR_RETURN(facts.outputs, ReadTensors(metadata, "outputs"));
  for (const JsonValue& input : ArrayOf(config, "input").GetArray()) {
    const auto facts_of_it = std::ranges::find(facts.inputs, TextOf(input, "name"), &TensorFacts::name);
    if (facts_of_it == facts.inputs.end()) continue;
    facts_of_it->layout = LayoutOf(TextOf(input, "format"));
    facts_of_it->optional = IsTrue(input, "optional");
  }
  return facts;
}

Expected<ModelFacts> AskModel(AskedServer& server, const std::string& name, const std::string& version) {
  const Expected<JsonAnswerPtr> metadata = server.Metadata(name, version);
  if (!metadata) return server.ExplainModel(name, metadata.error());
  const Expected<JsonAnswerPtr> config = server.Config(name, version);
  if (!config) return server.ExplainModel(name, config.error());
  ASSIGN_OR_RETURN(ModelFacts facts, ReadModelFacts((*metadata)->root(), (*config)->root()));
  facts.version = version;
  return facts;
}

}  // namespace neso::command
