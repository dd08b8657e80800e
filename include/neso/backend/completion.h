// What backends complete of a configuration, in its JSON form.
//
//   if (IsEmptyList(config, "input")) SetTensors("input", tensors, batches, config);
//   NESO_RETURN_IF_ERROR(SetConfig(config));
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "neso/backend/datatype.h"
#include "neso/backend/json.h"

namespace neso::backend {

// An input or output as the model has it.
struct ModelTensor {
  std::string name;
  DataType datatype = TRITONSERVER_TYPE_INVALID;
  std::vector<int64_t> shape;  // with the batch dimension; -1 where the model leaves it open
};

inline bool IsEmptyList(const rapidjson::Value& config, std::string_view name) {
  const rapidjson::Value* list = FindMember(config, name);
  return list == nullptr || !list->IsArray() || list->Empty();
}

inline bool HasScheduler(const rapidjson::Value& config) {
  return FindMember(config, "dynamic_batching") != nullptr || FindMember(config, "sequence_batching") != nullptr ||
         FindMember(config, "ensemble_scheduling") != nullptr;
}

// The model batches up to `max_batch_size` from now on, and requests are batched if nothing else was said.
inline void SetBatching(int64_t max_batch_size, rapidjson::Document& config) {
  config.RemoveMember("max_batch_size");
  config.AddMember("max_batch_size", rapidjson::Value(max_batch_size), config.GetAllocator());
  if (max_batch_size > 1 && !HasScheduler(config)) {
    config.AddMember("dynamic_batching", rapidjson::Value(rapidjson::kObjectType), config.GetAllocator());
  }
}

namespace internal {

inline rapidjson::Value TensorJson(const ModelTensor& tensor, bool batches,
                                   rapidjson::Document::AllocatorType& allocator) {
  rapidjson::Value json(rapidjson::kObjectType);
  json.AddMember("name", rapidjson::Value(tensor.name, allocator), allocator);
  json.AddMember("data_type", rapidjson::Value(std::string(ConfigName(tensor.datatype)), allocator), allocator);
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

}  // namespace internal

// `list` ("input" or "output") becomes that of these tensors; `batches`: their first dimension is the batch.
inline void SetTensors(const char* list, std::span<const ModelTensor> tensors, bool batches,
                       rapidjson::Document& config) {
  rapidjson::Value values(rapidjson::kArrayType);
  for (const ModelTensor& tensor : tensors) {
    values.PushBack(internal::TensorJson(tensor, batches, config.GetAllocator()), config.GetAllocator());
  }
  config.RemoveMember(list);
  config.AddMember(rapidjson::StringRef(list), values, config.GetAllocator());
}

}  // namespace neso::backend
