// What an ONNX model says of itself: its tensors' names, datatypes and shapes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "neso/backend/config.h"
#include "neso/backend/datatype.h"
#include "ort.h"

namespace neso::onnxruntime {

struct TensorDescription {
  std::string name;
  backend::DataType datatype = TRITONSERVER_TYPE_INVALID;
  ONNXTensorElementDataType onnx_type = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
  std::vector<int64_t> shape;  // -1 where the model leaves it open

  // Whether its first dimension can be a batch.
  bool HasBatchDimension() const { return !shape.empty() && shape[0] == -1; }
};

struct ModelDescription {
  std::vector<TensorDescription> inputs;
  std::vector<TensorDescription> initializers;  // those that a request may override: inputs that have a value already
  std::vector<TensorDescription> outputs;

  // Among `inputs` and `initializers`.
  const TensorDescription* FindInput(std::string_view name) const;
  const TensorDescription* FindOutput(std::string_view name) const;
};

// Errors: UNSUPPORTED for inputs or outputs that are no tensors (sequences, maps, optionals) or of a type that has no
// counterpart here, naming them.
Result<ModelDescription> Describe(const Ort::Session& session, std::string_view model_name);

// Whether `config` fits the model. Errors: INVALID_ARG with the texts all C++ backends share.
Status CheckConfig(const ModelDescription& model, const backend::ModelConfig& config, bool has_sequence_batching);

}  // namespace neso::onnxruntime
