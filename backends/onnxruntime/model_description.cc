#include "model_description.h"

#include <algorithm>

#include "neso/backend/check_tensor.h"

namespace neso::onnxruntime {
namespace {

using backend::ModelConfig;
using backend::TensorConfig;

backend::DataType FromOnnx(ONNXTensorElementDataType type) {
  switch (type) {
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL: return TRITONSERVER_TYPE_BOOL;
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8: return TRITONSERVER_TYPE_UINT8;
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT16: return TRITONSERVER_TYPE_UINT16;
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT32: return TRITONSERVER_TYPE_UINT32;
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT64: return TRITONSERVER_TYPE_UINT64;
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8: return TRITONSERVER_TYPE_INT8;
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT16: return TRITONSERVER_TYPE_INT16;
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32: return TRITONSERVER_TYPE_INT32;
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64: return TRITONSERVER_TYPE_INT64;
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16: return TRITONSERVER_TYPE_FP16;
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_BFLOAT16: return TRITONSERVER_TYPE_BF16;
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT: return TRITONSERVER_TYPE_FP32;
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE: return TRITONSERVER_TYPE_FP64;
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING: return TRITONSERVER_TYPE_BYTES;
    default: return TRITONSERVER_TYPE_INVALID;
  }
}

const char* KindName(ONNXType type) {
  switch (type) {
    case ONNX_TYPE_SEQUENCE: return "a sequence";
    case ONNX_TYPE_MAP: return "a map";
    case ONNX_TYPE_SPARSETENSOR: return "a sparse tensor";
    case ONNX_TYPE_OPTIONAL: return "an optional";
    default: return "of an unknown kind";
  }
}

Result<TensorDescription> DescribeTensor(std::string name, const Ort::TypeInfo& type, const char* role,
                                         std::string_view model_name) {
  if (type.GetONNXType() != ONNX_TYPE_TENSOR) {
    return Status::Unsupported("model '", model_name, "': ", role, " '", name, "' is ", KindName(type.GetONNXType()),
                               "; only tensors can be served");
  }
  const auto info = type.GetTensorTypeAndShapeInfo();
  TensorDescription tensor;
  tensor.name = std::move(name);
  tensor.onnx_type = info.GetElementType();
  tensor.datatype = FromOnnx(tensor.onnx_type);
  tensor.shape = info.GetShape();
  if (tensor.datatype == TRITONSERVER_TYPE_INVALID) {
    return Status::Unsupported("model '", model_name, "': ", role, " '", tensor.name, "' has ONNX element type ",
                               static_cast<int>(tensor.onnx_type),
                               ", which has no datatype in the model configuration");
  }
  return tensor;
}

const TensorDescription* Find(const std::vector<TensorDescription>& tensors, std::string_view name) {
  const auto found = std::ranges::find(tensors, name, &TensorDescription::name);
  return found == tensors.end() ? nullptr : &*found;
}

std::string NamesOf(const std::vector<TensorDescription>& tensors) {
  std::string names;
  for (const TensorDescription& tensor : tensors) {
    if (!names.empty()) names += ", ";
    names += tensor.name;
  }
  return names;
}

Status CheckShape(const TensorDescription& tensor, const TensorConfig& configured, const ModelConfig& config) {
  if (configured.ragged) return {};  // what the model gets is one flat tensor
  return backend::CheckShapeOrScalar(tensor.name, tensor.shape, configured.backend_dims(), config);
}

Status CheckType(const TensorDescription& tensor, const TensorConfig& configured, const char* role,
                 const ModelConfig& config) {
  if (tensor.datatype == configured.datatype) return {};
  return Status::InvalidArg("unable to load model '", config.name, "', configuration expects datatype ",
                            backend::ConfigName(configured.datatype), " for ", role, " '", tensor.name,
                            "', model provides ", backend::ConfigName(tensor.datatype));
}

Status CheckInputs(const ModelDescription& model, const ModelConfig& config) {
  for (const TensorConfig& configured : config.inputs) {
    const TensorDescription* tensor = model.FindInput(configured.name);
    if (tensor == nullptr) return backend::UnexpectedTensor("input", configured.name, NamesOf(model.inputs));
    NESO_RETURN_IF_ERROR(CheckType(*tensor, configured, "input", config));
    NESO_RETURN_IF_ERROR(CheckShape(*tensor, configured, config));
  }
  return {};
}

Status CheckOutputs(const ModelDescription& model, const ModelConfig& config) {
  for (const TensorConfig& configured : config.outputs) {
    const TensorDescription* tensor = model.FindOutput(configured.name);
    if (tensor == nullptr) return backend::UnexpectedTensor("output", configured.name, NamesOf(model.outputs));
    NESO_RETURN_IF_ERROR(CheckType(*tensor, configured, "output", config));
    // What requests get of such an output has the shape of an input; the model's own says nothing of it.
    if (config.FindBatchOutput(configured.name) != nullptr) continue;
    NESO_RETURN_IF_ERROR(CheckShape(*tensor, configured, config));
  }
  return {};
}

size_t BatchInputCount(const ModelConfig& config) {
  size_t count = 0;
  for (const backend::BatchInputConfig& batch_input : config.batch_inputs) count += batch_input.targets.size();
  return count;
}

}  // namespace

const TensorDescription* ModelDescription::FindInput(std::string_view name) const {
  const TensorDescription* input = Find(inputs, name);
  return input != nullptr ? input : Find(initializers, name);
}
const TensorDescription* ModelDescription::FindOutput(std::string_view name) const { return Find(outputs, name); }

Result<ModelDescription> Describe(const Ort::Session& session, std::string_view model_name) {
  ModelDescription description;
  const Ort::AllocatorWithDefaultOptions allocator;
  for (size_t i = 0; i < session.GetInputCount(); ++i) {
    NESO_ASSIGN_OR_RETURN(TensorDescription tensor, DescribeTensor(session.GetInputNameAllocated(i, allocator).get(),
                                                                   session.GetInputTypeInfo(i), "input", model_name));
    description.inputs.push_back(std::move(tensor));
  }
  for (size_t i = 0; i < session.GetOverridableInitializerCount(); ++i) {
    NESO_ASSIGN_OR_RETURN(TensorDescription tensor,
                          DescribeTensor(session.GetOverridableInitializerNameAllocated(i, allocator).get(),
                                         session.GetOverridableInitializerTypeInfo(i), "initializer", model_name));
    description.initializers.push_back(std::move(tensor));
  }
  for (size_t i = 0; i < session.GetOutputCount(); ++i) {
    NESO_ASSIGN_OR_RETURN(TensorDescription tensor, DescribeTensor(session.GetOutputNameAllocated(i, allocator).get(),
                                                                   session.GetOutputTypeInfo(i), "output", model_name));
    description.outputs.push_back(std::move(tensor));
  }
  return description;
}

Status CheckConfig(const ModelDescription& model, const ModelConfig& config, bool has_sequence_batching) {
  const auto overrides = std::ranges::count_if(
      model.initializers, [&](const TensorDescription& tensor) { return config.FindInput(tensor.name) != nullptr; });
  const size_t expected = config.inputs.size() + BatchInputCount(config) - static_cast<size_t>(overrides);
  // Sequence batching adds control and state inputs of its own.
  if (!has_sequence_batching && expected != model.inputs.size()) {
    return backend::UnexpectedInputCount(config.name, expected, model.inputs.size());
  }
  NESO_RETURN_IF_ERROR(CheckInputs(model, config));
  return CheckOutputs(model, config);
}

}  // namespace neso::onnxruntime
