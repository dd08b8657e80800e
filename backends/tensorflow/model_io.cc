#include "model_io.h"

#include <algorithm>

#include "datatypes.h"
#include "neso/backend/check_tensor.h"

namespace neso::tensorflow {
namespace {

using backend::ModelConfig;
using backend::ShapeText;
using backend::Status;
using backend::TensorConfig;

std::string KeysOf(const std::vector<TensorInfo>& tensors) {
  std::string keys;
  for (const TensorInfo& tensor : tensors) keys += (keys.empty() ? "" : ", ") + tensor.key;
  return keys;
}

const TensorInfo* Find(const std::vector<TensorInfo>& tensors, const std::string& key) {
  const auto found = std::ranges::find(tensors, key, &TensorInfo::key);
  return found == tensors.end() ? nullptr : &*found;
}

// Where the model has no rank, or no dimensions, what the configuration says is taken.
Status CheckShape(const TensorInfo& tensor, const std::vector<int64_t>& dims, bool exactly, const ModelConfig& config) {
  if (tensor.shape.empty()) return {};
  return backend::CheckShape(tensor.key, tensor.shape, dims, config, exactly);
}

// What the model gets of such an input is one flat tensor.
Status CheckRagged(const TensorInfo& tensor, const ModelConfig& config) {
  if (tensor.shape.empty() || tensor.shape == std::vector<int64_t>{-1}) return {};
  return Status::InvalidArg("unable to load model '", config.name,
                            "', configuration expects model provides input with shape [-1]  for ragged input '",
                            tensor.key, "', model provides ", ShapeText(tensor.shape));
}

Status CheckInput(const TensorInfo& tensor, const TensorConfig& configured, const ModelConfig& config) {
  if (configured.ragged && config.batches()) {
    NESO_RETURN_IF_ERROR(CheckRagged(tensor, config));
  } else {
    NESO_RETURN_IF_ERROR(CheckShape(tensor, configured.backend_dims(), false, config));
  }
  return CheckType(tensor, configured.datatype, "input", config.name);
}

Status NoSuchControl(const backend::ControlConfig& control) {
  return Status::InvalidArg("configuration specified sequence control '", control.name,
                            "', but model does not provide that input");
}

Status CheckControl(const Signature& signature, const backend::ControlConfig& control, const ModelConfig& config) {
  const TensorInfo* const tensor = signature.FindInput(control.name);
  if (tensor == nullptr) return NoSuchControl(control);
  Status problem = CheckShape(*tensor, {1}, true, config);
  if (problem.ok() && DataTypeOf(tensor->type) != control.datatype) {
    problem =
        Status::InvalidArg("the model expects data-type ", TypeName(tensor->type),
                           " but the model configuration specifies data-type ", backend::ConfigName(control.datatype));
  }
  if (problem.ok()) return {};
  return Status::InvalidArg("unable to load model '", config.name, "', sequence control '", control.name,
                            "': ", problem.message());
}

std::vector<std::string> BatchInputTargets(const ModelConfig& config) {
  std::vector<std::string> names;
  for (const backend::BatchInputConfig& batch_input : config.batch_inputs) {
    names.insert(names.end(), batch_input.targets.begin(), batch_input.targets.end());
  }
  return names;
}

}  // namespace

Status CheckSavedModelConfig(const Signature& signature, const ModelConfig& config) {
  for (const backend::ControlConfig& control : config.controls)
    NESO_RETURN_IF_ERROR(CheckControl(signature, control, config));
  const std::vector<std::string> batch_inputs = BatchInputTargets(config);
  const size_t expected = config.inputs.size() + batch_inputs.size() + config.controls.size();
  if (expected != signature.inputs.size()) {
    return backend::UnexpectedInputCount(config.name, expected, signature.inputs.size());
  }
  for (const TensorConfig& configured : config.inputs) {
    const TensorInfo* const tensor = signature.FindInput(configured.name);
    if (tensor == nullptr) return backend::UnexpectedTensor("input", configured.name, KeysOf(signature.inputs));
    NESO_RETURN_IF_ERROR(CheckInput(*tensor, configured, config));
  }
  for (const std::string& name : batch_inputs) {
    if (signature.FindInput(name) == nullptr) return backend::UnexpectedTensor("input", name, KeysOf(signature.inputs));
  }
  for (const TensorConfig& configured : config.outputs) {
    const TensorInfo* const tensor = signature.FindOutput(configured.name);
    if (tensor == nullptr) return backend::UnexpectedTensor("output", configured.name, KeysOf(signature.outputs));
    // What requests get of an output that is cut by an input's shape has that shape; the model's own says nothing of it.
    if (config.FindBatchOutput(configured.name) == nullptr) {
      NESO_RETURN_IF_ERROR(CheckShape(*tensor, configured.backend_dims(), true, config));
    }
    NESO_RETURN_IF_ERROR(CheckType(*tensor, configured.datatype, "output", config.name));
  }
  return {};
}

Status CheckGraphDefConfig(const std::vector<TensorInfo>& placeholders, const ModelConfig& config) {
  for (const backend::ControlConfig& control : config.controls) {
    if (Find(placeholders, control.name) == nullptr) return NoSuchControl(control);
  }
  std::vector<std::string> names = BatchInputTargets(config);
  for (const TensorConfig& configured : config.inputs) names.push_back(configured.name);
  if (const size_t expected = names.size() + config.controls.size(); expected > placeholders.size()) {
    return Status::InvalidArg("unable to load model '", config.name, "', configuration expects ", expected,
                              " inputs, model provides at most ", placeholders.size());
  }
  for (const std::string& name : names) {
    if (Find(placeholders, name) == nullptr) return backend::UnexpectedTensor("input", name, KeysOf(placeholders));
  }
  return {};
}

Status CheckType(const TensorInfo& tensor, backend::DataType configured, const char* role, const std::string& model) {
  const backend::DataType provided = DataTypeOf(tensor.type);
  if (provided == TRITONSERVER_TYPE_INVALID) {
    return Status::InvalidArg("unsupported datatype '", TypeName(tensor.type), "' for tensor '", tensor.key,
                              "' for model '", model, "'");
  }
  if (provided == configured) return {};
  return Status::InvalidArg("unable to load model '", model, "', configuration expects datatype ",
                            backend::ConfigName(configured), " for ", role, " '", tensor.key, "', model provides ",
                            backend::ConfigName(provided));
}

}  // namespace neso::tensorflow
