// The part of a model's configuration that backends need, as values. What is not here is in Model::ConfigDocument().
//
//   for (const TensorConfig& input : config.inputs) Bind(input.name, input.datatype, input.dims);
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "neso/backend/datatype.h"
#include "neso/backend/json.h"
#include "neso/backend/parameters.h"

namespace neso::backend {

struct TensorConfig {
  std::string name;
  DataType datatype = TRITONSERVER_TYPE_INVALID;
  std::vector<int64_t> dims;                    // without the batch dimension; -1 for any
  std::optional<std::vector<int64_t>> reshape;  // what the backend sees instead of `dims`
  bool optional = false;
  bool ragged = false;
  bool is_shape_tensor = false;  // its values are a shape, the same for a whole batch: it has no batch dimension

  const std::vector<int64_t>& backend_dims() const { return reshape ? *reshape : dims; }
};

// A tensor that the backend makes for the model from the shapes of a batch.
struct BatchInputConfig {
  enum class Kind {
    kElementCount,                     // [requests]: elements of each request's source
    kAccumulatedElementCount,          // [requests]: running sum of them
    kAccumulatedElementCountWithZero,  // [requests + 1]: the same, with a 0 before
    kMaxElementCountAsShape,           // [largest count]: says something through its shape only
    kItemShape,                        // [batch, rank]: the shape of each item of the batch
    kItemShapeFlatten,                 // [batch * rank]
  };
  Kind kind = Kind::kElementCount;
  std::vector<std::string> targets;
  DataType datatype = TRITONSERVER_TYPE_INT32;  // or FP32
  std::string source;
};

// Outputs that are cut by the shape of an input (BATCH_SCATTER_WITH_INPUT_SHAPE).
struct BatchOutputConfig {
  std::vector<std::string> targets;
  std::string source;
};

// An implicit state of a sequence model.
struct StateConfig {
  std::string input_name;
  std::string output_name;
  DataType datatype = TRITONSERVER_TYPE_INVALID;
  std::vector<int64_t> dims;
};

// A tensor by which the sequence batcher tells a model of a sequence.
struct ControlConfig {
  std::string name;
  DataType datatype = TRITONSERVER_TYPE_INVALID;
};

struct ModelConfig {
  std::string name;
  std::string backend;
  std::string default_model_filename;
  int64_t max_batch_size = 0;  // 0: the model does not batch
  bool decoupled = false;
  std::vector<TensorConfig> inputs;
  std::vector<TensorConfig> outputs;
  std::vector<BatchInputConfig> batch_inputs;
  std::vector<BatchOutputConfig> batch_outputs;
  std::vector<StateConfig> states;
  std::vector<ControlConfig> controls;
  size_t instance_count = 1;  // of all groups together
  bool pins_inputs = true;    // whether batches for a GPU are gathered in pinned memory
  Parameters parameters;

  bool batches() const { return max_batch_size > 0; }
  bool has_shape_tensors() const {
    return std::any_of(inputs.begin(), inputs.end(), [](const TensorConfig& input) { return input.is_shape_tensor; });
  }
  const TensorConfig* FindInput(std::string_view name) const { return Find(inputs, name); }
  const TensorConfig* FindOutput(std::string_view name) const { return Find(outputs, name); }
  // The batch input or output that has the tensor `name` among its targets.
  const BatchInputConfig* FindBatchInput(std::string_view name) const { return FindTarget(batch_inputs, name); }
  const BatchOutputConfig* FindBatchOutput(std::string_view name) const { return FindTarget(batch_outputs, name); }

  // Source: the JSON form of the model configuration, version 1.
  static Result<ModelConfig> Parse(const rapidjson::Value& json);

 private:
  static const TensorConfig* Find(const std::vector<TensorConfig>& tensors, std::string_view name) {
    for (const TensorConfig& tensor : tensors) {
      if (tensor.name == name) return &tensor;
    }
    return nullptr;
  }
  template <typename Batched>
  static const Batched* FindTarget(const std::vector<Batched>& all, std::string_view name) {
    for (const Batched& one : all) {
      if (std::ranges::find(one.targets, name) != one.targets.end()) return &one;
    }
    return nullptr;
  }
};

namespace internal {

// Calls `add` with each element of the array `name`, if there is one.
template <typename Add>
void ForEach(const rapidjson::Value& json, std::string_view name, const Add& add) {
  const rapidjson::Value* values = FindMember(json, name);
  if (values == nullptr || !values->IsArray()) return;
  for (const rapidjson::Value& value : values->GetArray()) add(value);
}

inline TensorConfig ParseTensor(const rapidjson::Value& json) {
  TensorConfig tensor{.name = StringOr(json, "name"),
                      .datatype = FromConfigName(StringOr(json, "data_type")),
                      .dims = Integers(json, "dims"),
                      .reshape = std::nullopt,
                      .optional = BoolOr(json, "optional", false),
                      .ragged = BoolOr(json, "allow_ragged_batch", false),
                      .is_shape_tensor = BoolOr(json, "is_shape_tensor", false)};
  if (const rapidjson::Value* reshape = FindMember(json, "reshape")) tensor.reshape = Integers(*reshape, "shape");
  return tensor;
}

inline std::optional<BatchInputConfig::Kind> ParseBatchInputKind(std::string_view name) {
  constexpr std::string_view kNames[] = {"BATCH_ELEMENT_COUNT",
                                         "BATCH_ACCUMULATED_ELEMENT_COUNT",
                                         "BATCH_ACCUMULATED_ELEMENT_COUNT_WITH_ZERO",
                                         "BATCH_MAX_ELEMENT_COUNT_AS_SHAPE",
                                         "BATCH_ITEM_SHAPE",
                                         "BATCH_ITEM_SHAPE_FLATTEN"};
  for (size_t i = 0; i < std::size(kNames); ++i) {
    if (kNames[i] == name) return static_cast<BatchInputConfig::Kind>(i);
  }
  return std::nullopt;
}

// That of its two values, which stand in one of three lists; or what the configuration says, of a correlation ID.
inline DataType ControlType(const rapidjson::Value& control) {
  const auto has = [&](const char* list) {
    const rapidjson::Value* values = FindMember(control, list);
    return values != nullptr && values->IsArray() && !values->Empty();
  };
  if (has("int32_false_true")) return TRITONSERVER_TYPE_INT32;
  if (has("fp32_false_true")) return TRITONSERVER_TYPE_FP32;
  if (has("bool_false_true")) return TRITONSERVER_TYPE_BOOL;
  return FromConfigName(StringOr(control, "data_type"));
}

inline std::string FirstOf(const std::vector<std::string>& texts) { return texts.empty() ? std::string() : texts[0]; }

}  // namespace internal

inline Result<ModelConfig> ModelConfig::Parse(const rapidjson::Value& json) {
  ModelConfig config;
  config.name = StringOr(json, "name");
  config.backend = StringOr(json, "backend");
  config.default_model_filename = StringOr(json, "default_model_filename");
  config.max_batch_size = IntOr(json, "max_batch_size", 0);
  if (const rapidjson::Value* policy = FindMember(json, "model_transaction_policy")) {
    config.decoupled = BoolOr(*policy, "decoupled", false);
  }
  internal::ForEach(json, "input", [&](const auto& value) { config.inputs.push_back(internal::ParseTensor(value)); });
  internal::ForEach(json, "output", [&](const auto& value) { config.outputs.push_back(internal::ParseTensor(value)); });

  Status unknown_kind;
  internal::ForEach(json, "batch_input", [&](const auto& value) {
    const std::string kind_name = StringOr(value, "kind", "BATCH_ELEMENT_COUNT");
    const auto kind = internal::ParseBatchInputKind(kind_name);
    if (!kind) {
      unknown_kind = Status::InvalidArg("batch input kind '", kind_name, "' is not known");
      return;
    }
    config.batch_inputs.push_back({.kind = *kind,
                                   .targets = Strings(value, "target_name"),
                                   .datatype = FromConfigName(StringOr(value, "data_type", "TYPE_INT32")),
                                   .source = internal::FirstOf(Strings(value, "source_input"))});
  });
  NESO_RETURN_IF_ERROR(std::move(unknown_kind));
  internal::ForEach(json, "batch_output", [&](const auto& value) {
    config.batch_outputs.push_back(
        {.targets = Strings(value, "target_name"), .source = internal::FirstOf(Strings(value, "source_input"))});
  });
  if (const rapidjson::Value* batching = FindMember(json, "sequence_batching")) {
    internal::ForEach(*batching, "state", [&](const auto& value) {
      config.states.push_back({.input_name = StringOr(value, "input_name"),
                               .output_name = StringOr(value, "output_name"),
                               .datatype = FromConfigName(StringOr(value, "data_type")),
                               .dims = Integers(value, "dims")});
    });
    internal::ForEach(*batching, "control_input", [&](const auto& input) {
      internal::ForEach(input, "control", [&](const auto& control) {
        config.controls.push_back({.name = StringOr(input, "name"), .datatype = internal::ControlType(control)});
      });
    });
  }
  if (const rapidjson::Value* optimization = FindMember(json, "optimization")) {
    const rapidjson::Value* pinned = FindMember(*optimization, "input_pinned_memory");
    if (pinned != nullptr) config.pins_inputs = BoolOr(*pinned, "enable", false);
  }
  int64_t instances = 0;
  internal::ForEach(json, "instance_group",
                    [&](const auto& group) { instances += std::max<int64_t>(IntOr(group, "count", 1), 1); });
  config.instance_count = static_cast<size_t>(std::max<int64_t>(instances, 1));
  if (const rapidjson::Value* parameters = FindMember(json, "parameters"); parameters && parameters->IsObject()) {
    for (const auto& member : parameters->GetObject()) {
      config.parameters.Add(member.name.GetString(), StringOr(member.value, "string_value"));
    }
  }
  return config;
}

}  // namespace neso::backend
