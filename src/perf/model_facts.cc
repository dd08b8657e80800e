#include "perf/model_facts.h"

#include <algorithm>

#include "base/json_member.h"
#include "perf/asked_json.h"
#include "perf/openai/payload.h"

namespace neso::perf {
namespace {

std::vector<int64_t> Integers(const JsonValue& array) {
  std::vector<int64_t> numbers;
  for (const JsonValue& number : array.GetArray()) numbers.push_back(number.IsInt64() ? number.GetInt64() : -1);
  return numbers;
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
  if (options.service == ServiceKind::kOpenAi) return FactsOfPayloads(options);
  ModelFacts facts;
  const ModelName model{options.model, options.version};
  AskedJson config, metadata;
  RETURN_IF_ERROR(config.Ask(transport, Question::kConfig, model));
  const uint64_t max_batch = NumberIn(config.root(), "max_batch_size");
  facts.batches = max_batch > 0;
  facts.has_sequences = FindMember(config.root(), "sequence_batching") != nullptr;
  facts.has_cache = IsSetIn(config.root(), "response_cache", "enable");
  facts.is_decoupled = IsSetIn(config.root(), "model_transaction_policy", "decoupled");
  facts.is_ensemble = IsEnsemble(config.root());
  RETURN_IF_ERROR(CheckBatch(options, facts, max_batch));
  if (facts.is_decoupled && !options.streaming) {
    return InvalidArg(
        "Decoupled models must be run with `--async` and `--streaming` and either `-i grpc` or "
        "`--service-kind=triton_c_api`");
  }
  if (facts.is_ensemble && !options.bls_models.empty())
    return InvalidArg("--bls-composing-models: model '{}' is an ensemble, whose steps are known: leave it out",
                      options.model);
  ASSIGN_OR_RETURN(facts.composing,
                   facts.is_ensemble ? AskSteps(transport, config.root()) : AskNamed(transport, options.bls_models));
  RETURN_IF_ERROR(metadata.Ask(transport, Question::kMetadata, model));
  ASSIGN_OR_RETURN(facts.inputs, ReadTensors(metadata.root(), "inputs", facts));
  ASSIGN_OR_RETURN(facts.outputs, ReadTensors(metadata.root(), "outputs", facts));
  MarkOptional(config.root(), facts.inputs);
  RETURN_IF_ERROR(TakeShapes(options, facts.inputs));
  return facts;
}

}  // namespace neso::perf
