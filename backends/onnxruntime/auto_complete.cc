#include "auto_complete.h"

#include <algorithm>
#include <string>
#include <vector>

#include "neso/backend/datatype.h"
#include "neso/backend/json.h"

namespace neso::onnxruntime {
namespace {

using backend::FindMember;

bool IsEmptyList(const rapidjson::Document& config, std::string_view name) {
  const rapidjson::Value* list = FindMember(config, name);
  return list == nullptr || !list->IsArray() || list->Empty();
}

bool CanBatch(const ModelDescription& model) {
  const auto has_batch = [](const TensorDescription& tensor) { return tensor.HasBatchDimension(); };
  return std::ranges::all_of(model.inputs, has_batch) && std::ranges::all_of(model.outputs, has_batch);
}

rapidjson::Value TensorJson(const TensorDescription& tensor, bool batches,
                            rapidjson::Document::AllocatorType& allocator) {
  rapidjson::Value json(rapidjson::kObjectType);
  json.AddMember("name", rapidjson::Value(tensor.name, allocator), allocator);
  json.AddMember("data_type", rapidjson::Value(std::string(backend::ConfigName(tensor.datatype)), allocator),
                 allocator);
  rapidjson::Value dims(rapidjson::kArrayType);
  for (size_t i = batches ? 1 : 0; i < tensor.shape.size(); ++i) dims.PushBack(tensor.shape[i], allocator);
  if (dims.Empty()) {
    // Configurations have no tensors without dims: one element, given to the model without that dimension.
    dims.PushBack(1, allocator);
    if (batches) {
      rapidjson::Value reshape(rapidjson::kObjectType);
      reshape.AddMember("shape", rapidjson::Value(rapidjson::kArrayType), allocator);
      json.AddMember("reshape", reshape, allocator);
    }
  }
  json.AddMember("dims", dims, allocator);
  return json;
}

void SetTensors(const char* name, const std::vector<TensorDescription>& tensors, bool batches,
                rapidjson::Document& config) {
  rapidjson::Value list(rapidjson::kArrayType);
  for (const TensorDescription& tensor : tensors) {
    list.PushBack(TensorJson(tensor, batches, config.GetAllocator()), config.GetAllocator());
  }
  config.RemoveMember(name);
  config.AddMember(rapidjson::StringRef(name), list, config.GetAllocator());
}

bool HasScheduler(const rapidjson::Document& config) {
  return FindMember(config, "dynamic_batching") != nullptr || FindMember(config, "sequence_batching") != nullptr ||
         FindMember(config, "ensemble_scheduling") != nullptr;
}

}  // namespace

Result<bool> AutoComplete(const ModelDescription& model, int64_t default_max_batch_size, rapidjson::Document& config) {
  const bool no_inputs = IsEmptyList(config, "input");
  const bool no_outputs = IsEmptyList(config, "output");
  if (!no_inputs && !no_outputs) return false;

  int64_t max_batch_size = backend::IntOr(config, "max_batch_size", 0);
  if (!CanBatch(model)) {
    if (max_batch_size != 0) {
      return Status::InvalidArg("autofill failed for model '", backend::StringOr(config, "name"),
                                "': model does not support batching while non-zero max_batch_size is specified");
    }
  } else {
    if (max_batch_size == 0) {
      max_batch_size = std::max<int64_t>(default_max_batch_size, 0);
      config.RemoveMember("max_batch_size");
      config.AddMember("max_batch_size", rapidjson::Value(max_batch_size), config.GetAllocator());
    }
    if (max_batch_size > 1 && !HasScheduler(config)) {
      config.AddMember("dynamic_batching", rapidjson::Value(rapidjson::kObjectType), config.GetAllocator());
    }
  }
  if (no_inputs) SetTensors("input", model.inputs, max_batch_size > 0, config);
  if (no_outputs) SetTensors("output", model.outputs, max_batch_size > 0, config);
  return true;
}

}  // namespace neso::onnxruntime
