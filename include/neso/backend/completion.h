// What backends complete of a configuration, in its JSON form.
//
//   if (IsEmptyList(config, "input")) SetTensors("input", tensors, batches, config);
//   NESO_RETURN_IF_ERROR(SetConfig(config));
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
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

// The member `name` of `object`, a part of `config`, becomes `value`.
inline void SetMember(rapidjson::Value& object, const char* name, rapidjson::Value value, rapidjson::Document& config) {
  object.RemoveMember(name);
  object.AddMember(rapidjson::StringRef(name), value, config.GetAllocator());
}

// The dims of `tensor`, a part of `config`, become those of `shape`; `batches`: its first dimension is the batch. Configurations
// have no tensors without dims: one element, given to the model without that dimension if there is a batch before it.
inline void SetDims(std::span<const int64_t> shape, bool batches, rapidjson::Value& tensor,
                    rapidjson::Document& config) {
  rapidjson::Value dims(rapidjson::kArrayType);
  for (size_t i = batches ? 1 : 0; i < shape.size(); ++i) dims.PushBack(shape[i], config.GetAllocator());
  if (dims.Empty()) {
    dims.PushBack(1, config.GetAllocator());
    if (batches) {
      rapidjson::Value reshape(rapidjson::kObjectType);
      reshape.AddMember("shape", rapidjson::Value(rapidjson::kArrayType), config.GetAllocator());
      SetMember(tensor, "reshape", std::move(reshape), config);
    }
  }
  SetMember(tensor, "dims", std::move(dims), config);
}

// The model batches up to `max_batch_size` from now on, and requests are batched if nothing else was said.
inline void SetBatching(int64_t max_batch_size, rapidjson::Document& config) {
  SetMember(config, "max_batch_size", rapidjson::Value(max_batch_size), config);
  if (max_batch_size > 1 && !HasScheduler(config)) {
    config.AddMember("dynamic_batching", rapidjson::Value(rapidjson::kObjectType), config.GetAllocator());
  }
}

// An input or output of a configuration; `batches`: the first dimension is the batch.
inline rapidjson::Value TensorJson(const ModelTensor& tensor, bool batches, rapidjson::Document& config) {
  rapidjson::Value json(rapidjson::kObjectType);
  SetMember(json, "name", rapidjson::Value(tensor.name, config.GetAllocator()), config);
  SetMember(json, "data_type", rapidjson::Value(std::string(ConfigName(tensor.datatype)), config.GetAllocator()),
            config);
  SetDims(tensor.shape, batches, json, config);
  return json;
}

// `list` ("input" or "output") becomes that of these tensors; `batches`: their first dimension is the batch.
inline void SetTensors(const char* list, std::span<const ModelTensor> tensors, bool batches,
                       rapidjson::Document& config) {
  rapidjson::Value values(rapidjson::kArrayType);
  for (const ModelTensor& tensor : tensors) {
    values.PushBack(TensorJson(tensor, batches, config), config.GetAllocator());
  }
  SetMember(config, list, std::move(values), config);
}

}  // namespace neso::backend
