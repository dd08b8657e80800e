#include "perf/model_facts.h"

#include <algorithm>

#include "base/json.h"
#include "base/json_member.h"
#include "perf/transport.h"

namespace neso::perf {
namespace {

Status Get(Transport& transport, Question question, const Options& options, JsonDocument& document, std::string& text) {
  ASSIGN_OR_RETURN(text, transport.Ask(question, options.model, options.version));
  if (document.Parse(text).ok() && document.root().IsObject()) return {};
  return Internal("model '{}': expected a JSON object from the server", options.model);
}

std::vector<int64_t> Integers(const JsonValue& array) {
  std::vector<int64_t> numbers;
  for (const JsonValue& number : array.GetArray()) numbers.push_back(number.IsInt64() ? number.GetInt64() : -1);
  return numbers;
}

// A switch within the object that is the member `part`.
bool IsSet(const JsonValue& config, const char* part, const char* name) {
  const JsonValue* const object = FindMember(config, part);
  const JsonValue* const value = object == nullptr ? nullptr : FindMember(*object, name);
  return value != nullptr && value->IsBool() && value->GetBool();
}

uint64_t Number(const JsonValue& object, const char* name) {
  const JsonValue* const value = FindMember(object, name);
  return value != nullptr && value->IsUint64() ? value->GetUint64() : 0;
}

void Add(ServerCounts::Part& sum, const JsonValue* inference, const char* name) {
  const JsonValue* const part = inference == nullptr ? nullptr : FindMember(*inference, name);
  if (part == nullptr) return;
  sum.count += Number(*part, "count");
  sum.ns += Number(*part, "ns");
}

ServerCounts::Part Difference(const ServerCounts::Part& after, const ServerCounts::Part& before) {
  return {after.count - before.count, after.ns - before.ns};
}

Expected<std::vector<TensorFacts>> ReadTensors(const JsonValue& metadata, const char* which, const ModelFacts& facts) {
  const JsonValue* const tensors = FindMember(metadata, which);
  if (tensors == nullptr || !tensors->IsArray()) return Internal("expected {} in the model's metadata", which);
  std::vector<TensorFacts> read;
  for (const JsonValue& tensor : tensors->GetArray()) {
    const JsonValue* const name = FindMember(tensor, "name");
    const JsonValue* const datatype = FindMember(tensor, "datatype");
    const JsonValue* const shape = FindMember(tensor, "shape");
    if (name == nullptr || !name->IsString() || datatype == nullptr || !datatype->IsString() || shape == nullptr ||
        !shape->IsArray()) {
      return Internal("expected name, datatype and shape of each of the {} in the model's metadata", which);
    }
    TensorFacts& made = read.emplace_back();
    made.name = JsonText(*name);
    made.datatype = JsonText(*datatype);
    made.shape = Integers(*shape);
    if (facts.batches && !made.shape.empty()) made.shape.erase(made.shape.begin());
  }
  return read;
}

void MarkOptional(const JsonValue& config, std::vector<TensorFacts>& inputs) {
  const JsonValue* const declared = FindMember(config, "input");
  if (declared == nullptr || !declared->IsArray()) return;
  for (const JsonValue& input : declared->GetArray()) {
    const JsonValue* const name = FindMember(input, "name");
    const JsonValue* const is_optional = FindMember(input, "optional");
    if (name == nullptr || !name->IsString() || is_optional == nullptr || !is_optional->IsBool()) continue;
    const auto known = std::ranges::find(inputs, JsonText(*name), &TensorFacts::name);
    if (known != inputs.end()) known->is_optional = is_optional->GetBool();
  }
}

Status TakeShapes(const Options& options, std::vector<TensorFacts>& inputs) {
  for (const auto& [name, shape] : options.shapes) {
    const auto known = std::ranges::find(inputs, name, &TensorFacts::name);
    if (known == inputs.end()) return InvalidArg("--shape {}: the model has no such input", name);
    known->shape = shape;
  }
  return {};
}

Status CheckBatch(const Options& options, const ModelFacts& facts, uint64_t max_batch) {
  if (options.batch > 1 && !facts.batches)
    return InvalidArg("can not specify batch size > 1 as the model does not support batching");
  if (options.batch > 1 && facts.has_sequences)
    return InvalidArg("can not specify batch size > 1 when using a sequence model");
  if (facts.batches && options.batch > max_batch)
    return InvalidArg("batch size {} is more than the model's {}", options.batch, max_batch);
  return {};
}

}  // namespace

Expected<ModelFacts> AskModel(Transport& transport, const Options& options) {
  ModelFacts facts;
  std::string config_text, metadata_text;
  JsonDocument config, metadata;
  RETURN_IF_ERROR(Get(transport, Question::kConfig, options, config, config_text));
  const uint64_t max_batch = Number(config.root(), "max_batch_size");
  facts.batches = max_batch > 0;
  facts.has_sequences = FindMember(config.root(), "sequence_batching") != nullptr;
  facts.has_cache = IsSet(config.root(), "response_cache", "enable");
  facts.is_decoupled = IsSet(config.root(), "model_transaction_policy", "decoupled");
  RETURN_IF_ERROR(CheckBatch(options, facts, max_batch));
  if (facts.is_decoupled && !options.streaming) {
    return InvalidArg(
        "Decoupled models must be run with `--async` and `--streaming` and either `-i grpc` or "
        "`--service-kind=triton_c_api`");
  }
  RETURN_IF_ERROR(Get(transport, Question::kMetadata, options, metadata, metadata_text));
  ASSIGN_OR_RETURN(facts.inputs, ReadTensors(metadata.root(), "inputs", facts));
  ASSIGN_OR_RETURN(facts.outputs, ReadTensors(metadata.root(), "outputs", facts));
  MarkOptional(config.root(), facts.inputs);
  RETURN_IF_ERROR(TakeShapes(options, facts.inputs));
  return facts;
}

ServerCounts ServerCounts::operator-(const ServerCounts& before) const {
  return {.inferences = inferences - before.inferences,
          .executions = executions - before.executions,
          .success = Difference(success, before.success),
          .queue = Difference(queue, before.queue),
          .compute_input = Difference(compute_input, before.compute_input),
          .compute_infer = Difference(compute_infer, before.compute_infer),
          .compute_output = Difference(compute_output, before.compute_output),
          .cache_hit = Difference(cache_hit, before.cache_hit),
          .cache_miss = Difference(cache_miss, before.cache_miss)};
}

ServerCounts& ServerCounts::operator+=(const ServerCounts& other) {
  const auto add = [](Part& sum, const Part& part) {
    sum.count += part.count;
    sum.ns += part.ns;
  };
  inferences += other.inferences;
  executions += other.executions;
  add(success, other.success);
  add(queue, other.queue);
  add(compute_input, other.compute_input);
  add(compute_infer, other.compute_infer);
  add(compute_output, other.compute_output);
  add(cache_hit, other.cache_hit);
  add(cache_miss, other.cache_miss);
  return *this;
}

Expected<ServerCounts> AskCounts(Transport& transport, const Options& options) {
  std::string text;
  JsonDocument document;
  RETURN_IF_ERROR(Get(transport, Question::kStatistics, options, document, text));
  const JsonValue* const models = FindMember(document.root(), "model_stats");
  if (models == nullptr || !models->IsArray() || models->Empty())
    return Internal("missing statistics for requested model");
  ServerCounts counts;
  for (const JsonValue& model : models->GetArray()) {
    const JsonValue* const inference = FindMember(model, "inference_stats");
    counts.inferences += Number(model, "inference_count");
    counts.executions += Number(model, "execution_count");
    Add(counts.success, inference, "success");
    Add(counts.queue, inference, "queue");
    Add(counts.compute_input, inference, "compute_input");
    Add(counts.compute_infer, inference, "compute_infer");
    Add(counts.compute_output, inference, "compute_output");
    Add(counts.cache_hit, inference, "cache_hit");
    Add(counts.cache_miss, inference, "cache_miss");
  }
  return counts;
}

}  // namespace neso::perf
