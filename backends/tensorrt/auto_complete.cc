#include "auto_complete.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string>

#include "binding.h"
#include "neso/backend/completion.h"

namespace neso::tensorrt {
namespace {

using rapidjson::Value;

Status Failed(const rapidjson::Document& config, const std::string& why) {
  return Status::InvalidArg("autofill failed for model '", backend::StringOr(config, "name"), "': ", why);
}

bool HasOpenBatch(const EngineTensor& tensor) {
  return tensor.is_shape_tensor || (!tensor.shape.empty() && tensor.shape.front() == -1);
}

// Whether the dims of the tensors that are configured leave room for a batch; nothing if none has dims.
std::optional<bool> BatchHint(const std::vector<EngineTensor>& tensors, const rapidjson::Document& config,
                              const char* list) {
  std::optional<bool> hint;
  backend::internal::ForEach(config, list, [&](const Value& configured) {
    const EngineTensor* const tensor = EngineDescription::Find(tensors, backend::StringOr(configured, "name"));
    const Value* const reshape = backend::FindMember(configured, "reshape");
    const size_t rank =
        reshape != nullptr ? backend::Integers(*reshape, "shape").size() : backend::Integers(configured, "dims").size();
    if (tensor == nullptr || tensor->is_shape_tensor || (rank == 0 && reshape == nullptr)) return;
    if (rank + 1 == tensor->shape.size()) hint = true;
    if (rank == tensor->shape.size() && !hint) hint = false;
  });
  return hint;
}

Result<int64_t> ChooseMaxBatchSize(const EngineDescription& engine, std::span<const int32_t> profiles,
                                   const rapidjson::Document& config) {
  const int64_t most = MaxBatchSize(engine, profiles);
  const int64_t configured = backend::IntOr(config, "max_batch_size", 0);
  const std::optional<bool> of_inputs = BatchHint(engine.inputs, config, "input");
  const std::optional<bool> hint = of_inputs ? of_inputs : BatchHint(engine.outputs, config, "output");
  if (configured > most) {
    return Failed(config, backend::Concat("configuration specified max-batch ", configured,
                                          " but TensorRT engine only supports max-batch ", most));
  }
  if (configured > 0) return configured;
  if (hint == true && most == 0) {
    return Failed(config,
                  "model tensor shape configuration hints for dynamic batching but the underlying engine doesn't "
                  "support batching.");
  }
  return hint == false ? 0 : most;
}

Status CheckDatatypes(const std::vector<EngineTensor>& tensors, const char* role, const rapidjson::Document& config) {
  for (const EngineTensor& tensor : tensors) {
    if (tensor.datatype != TRITONSERVER_TYPE_INVALID) continue;
    return Status::InvalidArg("unsupported datatype TYPE_INVALID for ", role, " '", tensor.name, "' for model '",
                              backend::StringOr(config, "name"), "'");
  }
  return {};
}

// The engine's shape as the configuration has it, in which a shape tensor has no value for the batch.
backend::ModelTensor ForConfig(const EngineTensor& tensor, bool batches) {
  std::vector<int64_t> shape = tensor.shape;
  if (tensor.is_shape_tensor && batches) shape = {-1, std::max<int64_t>(backend::ElementCount(shape) - 1, 1)};
  return {tensor.name, tensor.datatype, std::move(shape)};
}

void Mark(const EngineTensor& tensor, Value& json, rapidjson::Document& config) {
  if (tensor.is_shape_tensor) backend::SetMember(json, "is_shape_tensor", Value(true), config);
  if (!tensor.is_linear) backend::SetMember(json, "is_non_linear_format_io", Value(true), config);
}

// Of a tensor that is configured, what is not said of it.
void FillIn(Value& configured, Value&& completed, rapidjson::Document& config) {
  const std::string datatype = backend::StringOr(configured, "data_type");
  if (datatype.empty() || datatype == "TYPE_INVALID") {
    backend::SetMember(configured, "data_type", std::move(completed["data_type"]), config);
  }
  if (!backend::IsEmptyList(configured, "dims")) return;
  backend::SetMember(configured, "dims", std::move(completed["dims"]), config);
  if (completed.HasMember("reshape") && !configured.HasMember("reshape")) {
    backend::SetMember(configured, "reshape", std::move(completed["reshape"]), config);
  }
}

// `elsewhere`: names of those that have their place in another part of the configuration.
void Complete(const std::vector<EngineTensor>& tensors, const char* list, const std::vector<std::string>& elsewhere,
              bool batches, rapidjson::Document& config) {
  if (!config.HasMember(list)) backend::SetMember(config, list, Value(rapidjson::kArrayType), config);
  Value& values = config[list];
  for (const EngineTensor& tensor : tensors) {
    Value completed = backend::TensorJson(ForConfig(tensor, batches), batches, config);
    const auto found = std::find_if(values.Begin(), values.End(), [&](const Value& configured) {
      return backend::StringOr(configured, "name") == tensor.name;
    });
    if (found != values.End()) {
      FillIn(*found, std::move(completed), config);
      Mark(tensor, *found, config);
    } else if (std::ranges::find(elsewhere, tensor.name) == elsewhere.end()) {
      Mark(tensor, completed, config);
      values.PushBack(completed, config.GetAllocator());
    }
  }
}

std::vector<std::string> InputsElsewhere(const backend::ModelConfig& config) {
  std::vector<std::string> names = SequenceInputs(config);
  for (const backend::BatchInputConfig& batch_input : config.batch_inputs) {
    names.insert(names.end(), batch_input.targets.begin(), batch_input.targets.end());
  }
  return names;
}

std::vector<std::string> OutputsElsewhere(const backend::ModelConfig& config) {
  std::vector<std::string> names;
  for (const backend::StateConfig& state : config.states) names.push_back(state.output_name);
  return names;
}

}  // namespace

int64_t MaxBatchSize(const EngineDescription& engine, std::span<const int32_t> profiles) {
  if (!std::ranges::all_of(engine.inputs, HasOpenBatch) || !std::ranges::all_of(engine.outputs, HasOpenBatch)) return 0;
  int64_t largest = 0;
  for (const int32_t profile : profiles) {
    int64_t smallest = std::numeric_limits<int64_t>::max();
    for (const EngineTensor& input : engine.inputs) {
      if (input.is_shape_tensor || static_cast<size_t>(profile) >= input.dims.size()) continue;
      const Range& range = input.dims[static_cast<size_t>(profile)];
      smallest = std::min(smallest, range.max.empty() ? 0 : range.max.front());
    }
    if (smallest != std::numeric_limits<int64_t>::max()) largest = std::max(largest, smallest);
  }
  return largest;
}

Status AutoComplete(const EngineDescription& engine, std::span<const int32_t> profiles, rapidjson::Document& config) {
  NESO_RETURN_IF_ERROR(CheckDatatypes(engine.inputs, "input", config));
  NESO_RETURN_IF_ERROR(CheckDatatypes(engine.outputs, "output", config));
  NESO_ASSIGN_OR_RETURN(const int64_t max_batch_size, ChooseMaxBatchSize(engine, profiles, config));
  NESO_ASSIGN_OR_RETURN(const backend::ModelConfig said, backend::ModelConfig::Parse(config));
  backend::SetBatching(max_batch_size, config);
  Complete(engine.inputs, "input", InputsElsewhere(said), max_batch_size > 0, config);
  Complete(engine.outputs, "output", OutputsElsewhere(said), max_batch_size > 0, config);
  return {};
}

}  // namespace neso::tensorrt
