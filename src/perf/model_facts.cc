#include "perf/model_facts.h"

#include <fmt/format.h>

#include "base/json.h"

namespace neso::perf {
namespace {

constexpr std::chrono::seconds kPatience{20};

Status Get(client::HttpClient& client, const Options& options, const std::string& path, JsonDocument& document,
           std::string& text) {
  ASSIGN_OR_RETURN(client::HttpAnswer answer, client.Call({.path = path, .headers = options.headers}, kPatience));
  text = std::move(answer.body);
  const Status parsed = document.Parse(text);
  if (answer.status != 200) {
    const bool has_reason = parsed.ok() && document.root().IsObject() && document.root().HasMember("error") &&
                            document.root()["error"].IsString();
    return Unavailable("{} says {}: {}", path, answer.status, has_reason ? JsonText(document.root()["error"]) : text);
  }
  if (!parsed.ok() || !document.root().IsObject()) return Internal("{}: expected a JSON object from the server", path);
  return {};
}

std::vector<int64_t> Integers(const JsonValue& array) {
  std::vector<int64_t> numbers;
  for (const JsonValue& number : array.GetArray()) numbers.push_back(number.IsInt64() ? number.GetInt64() : -1);
  return numbers;
}

const JsonValue* Member(const JsonValue& object, const char* name) {
  if (!object.IsObject()) return nullptr;
  const auto found = object.FindMember(name);
  return found == object.MemberEnd() ? nullptr : &found->value;
}

uint64_t Number(const JsonValue& object, const char* name) {
  const JsonValue* const value = Member(object, name);
  return value != nullptr && value->IsUint64() ? value->GetUint64() : 0;
}

void Add(ServerCounts::Part& sum, const JsonValue* inference, const char* name) {
  const JsonValue* const part = inference == nullptr ? nullptr : Member(*inference, name);
  if (part == nullptr) return;
  sum.count += Number(*part, "count");
  sum.ns += Number(*part, "ns");
}

ServerCounts::Part Difference(const ServerCounts::Part& after, const ServerCounts::Part& before) {
  return {after.count - before.count, after.ns - before.ns};
}

Status TakeInput(const JsonValue& input, const Options& options, ModelFacts& facts) {
  const JsonValue* const name = Member(input, "name");
  const JsonValue* const datatype = Member(input, "datatype");
  const JsonValue* const shape = Member(input, "shape");
  if (name == nullptr || !name->IsString() || datatype == nullptr || !datatype->IsString() || shape == nullptr ||
      !shape->IsArray()) {
    return Internal("expected name, datatype and shape of each input in the model's metadata");
  }
  InputFacts made{std::string(JsonText(*name)), std::string(JsonText(*datatype)), Integers(*shape)};
  if (facts.batches && !made.shape.empty()) made.shape.erase(made.shape.begin());
  if (const auto given = options.shapes.find(made.name); given != options.shapes.end()) made.shape = given->second;
  for (const int64_t size : made.shape) {
    if (size >= 0) continue;
    return InvalidArg(
        "The variable-sized tensor \"{}\" with model shape [{}] needs to have its shape fully defined. "
        "See the --shape option.",
        made.name, fmt::join(made.shape, ","));
  }
  facts.inputs.push_back(std::move(made));
  return {};
}

}  // namespace

std::string ModelPath(const Options& options) {
  return "/v2/models/" + options.model + (options.version.empty() ? "" : "/versions/" + options.version);
}

Expected<ModelFacts> AskModel(client::HttpClient& client, const Options& options) {
  ModelFacts facts;
  std::string config_text, metadata_text;
  JsonDocument config, metadata;
  RETURN_IF_ERROR(Get(client, options, ModelPath(options) + "/config", config, config_text));
  const uint64_t max_batch = Number(config.root(), "max_batch_size");
  facts.batches = max_batch > 0;
  if (options.batch > 1 && !facts.batches)
    return InvalidArg("can not specify batch size > 1 as the model does not support batching");
  if (facts.batches && options.batch > max_batch)
    return InvalidArg("batch size {} is more than the model's {}", options.batch, max_batch);
  RETURN_IF_ERROR(Get(client, options, ModelPath(options), metadata, metadata_text));
  const JsonValue* const inputs = Member(metadata.root(), "inputs");
  if (inputs == nullptr || !inputs->IsArray()) return Internal("expected inputs in the model's metadata");
  for (const JsonValue& input : inputs->GetArray()) RETURN_IF_ERROR(TakeInput(input, options, facts));
  for (const auto& [name, shape] : options.shapes) {
    bool is_known = false;
    for (const InputFacts& input : facts.inputs) is_known |= input.name == name;
    if (!is_known) return InvalidArg("--shape {}: the model has no such input", name);
  }
  return facts;
}

ServerCounts ServerCounts::operator-(const ServerCounts& before) const {
  return {.inferences = inferences - before.inferences,
          .executions = executions - before.executions,
          .success = Difference(success, before.success),
          .queue = Difference(queue, before.queue),
          .compute_input = Difference(compute_input, before.compute_input),
          .compute_infer = Difference(compute_infer, before.compute_infer),
          .compute_output = Difference(compute_output, before.compute_output)};
}

Expected<ServerCounts> AskCounts(client::HttpClient& client, const Options& options) {
  std::string text;
  JsonDocument document;
  RETURN_IF_ERROR(Get(client, options, ModelPath(options) + "/stats", document, text));
  const JsonValue* const models = Member(document.root(), "model_stats");
  if (models == nullptr || !models->IsArray() || models->Empty())
    return Internal("missing statistics for requested model");
  ServerCounts counts;
  for (const JsonValue& model : models->GetArray()) {
    const JsonValue* const inference = Member(model, "inference_stats");
    counts.inferences += Number(model, "inference_count");
    counts.executions += Number(model, "execution_count");
    Add(counts.success, inference, "success");
    Add(counts.queue, inference, "queue");
    Add(counts.compute_input, inference, "compute_input");
    Add(counts.compute_infer, inference, "compute_infer");
    Add(counts.compute_output, inference, "compute_output");
  }
  return counts;
}

}  // namespace neso::perf
