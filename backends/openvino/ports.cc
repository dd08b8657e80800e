#include "ports.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "neso/backend/check_tensor.h"
#include "neso/backend/completion.h"
#include "neso/backend/log.h"

namespace neso::openvino {
namespace {

using backend::ModelConfig;
using backend::TensorConfig;

constexpr std::array kServedTypes = {TRITONSERVER_TYPE_BOOL,   TRITONSERVER_TYPE_UINT8,  TRITONSERVER_TYPE_UINT16,
                                     TRITONSERVER_TYPE_UINT32, TRITONSERVER_TYPE_UINT64, TRITONSERVER_TYPE_INT8,
                                     TRITONSERVER_TYPE_INT16,  TRITONSERVER_TYPE_INT32,  TRITONSERVER_TYPE_INT64,
                                     TRITONSERVER_TYPE_FP16,   TRITONSERVER_TYPE_FP32};

// Tensors of more dimensions end the process when OpenVINO converts them, and its CPU plug-in takes no more.
constexpr size_t kMaxRank = 32;

bool IsServed(DataType datatype) { return std::ranges::find(kServedTypes, datatype) != kServedTypes.end(); }

Status UnsupportedType(std::string_view type, std::string_view role, std::string_view tensor,
                       const std::string& model) {
  return Status::InvalidArg("unsupported datatype ", type, " for ", role, " '", tensor, "' for model '", model, "'");
}

std::string_view TypeName(const Port& port) {
  return port.datatype == TRITONSERVER_TYPE_INVALID ? port.element_type : backend::ConfigName(port.datatype);
}

std::string NamesOf(const std::vector<Port>& ports) {
  std::string names;
  for (const Port& port : ports) {
    if (port.names.empty()) continue;
    if (!names.empty()) names += ", ";
    names += port.names.front();
  }
  return names;
}

Result<std::vector<BoundTensor>> BindAll(const std::vector<Port>& ports, const std::vector<TensorConfig>& tensors,
                                         const char* role, const ModelConfig& config) {
  std::vector<BoundTensor> bound;
  for (const TensorConfig& tensor : tensors) {
    const auto found = std::ranges::find_if(
        ports, [&](const Port& port) { return std::ranges::find(port.names, tensor.name) != port.names.end(); });
    if (found == ports.end()) return backend::UnexpectedTensor(role, tensor.name, NamesOf(ports));
    const auto port = static_cast<size_t>(found - ports.begin());
    if (!IsServed(tensor.datatype)) {
      return UnsupportedType(backend::ConfigName(tensor.datatype), role, tensor.name, config.name);
    }
    // Numbers are converted; strings are none.
    if (found->datatype == TRITONSERVER_TYPE_BYTES) {
      return UnsupportedType(TypeName(*found), role, tensor.name, config.name);
    }
    if (found->shape.size() > kMaxRank) {
      return Status::InvalidArg("model '", config.name, "', tensor '", tensor.name, "': expected at most ", kMaxRank,
                                " dimensions, got ", found->shape.size());
    }
    const auto twin = std::ranges::find(bound, port, &BoundTensor::port);
    if (twin != bound.end()) {
      return Status::InvalidArg("model '", config.name, "': ", role, "s '", twin->tensor.name, "' and '", tensor.name,
                                "' are two names of one tensor of the model; expected one of them");
    }
    bound.push_back({tensor, port});
  }
  return bound;
}

Result<std::vector<backend::ModelTensor>> ForConfig(const std::vector<Port>& ports, const char* role,
                                                    const std::string& model) {
  std::vector<backend::ModelTensor> tensors;
  for (const Port& port : ports) {
    if (port.names.empty()) {
      return Status::InvalidArg("autofill failed for model '", model, "': ", role, " ", tensors.size(),
                                " has no name in the model");
    }
    const std::string& name = port.names.front();
    if (!IsServed(port.datatype)) return UnsupportedType(TypeName(port), role, name, model);
    if (!port.has_rank) {
      return Status::InvalidArg("autofill failed for model '", model, "': ", role, " '", name,
                                "' takes any number of dimensions; its dims have to be in the configuration");
    }
    tensors.push_back({name, port.datatype, port.shape});
  }
  return tensors;
}

bool CanBatch(const Ports& ports) {
  const auto has_batch = [](const Port& port) { return port.has_batch && !port.shape.empty(); };
  return std::ranges::all_of(ports.inputs, has_batch) && std::ranges::all_of(ports.outputs, has_batch);
}

}  // namespace

std::vector<TensorConfig> SequenceInputs(const ModelConfig& config) {
  std::vector<TensorConfig> inputs;
  const auto add = [&](const std::string& name, DataType datatype, std::vector<int64_t> dims) {
    TensorConfig& input = inputs.emplace_back();
    input.name = name;
    input.datatype = datatype;
    input.dims = std::move(dims);
  };
  for (const backend::ControlConfig& control : config.controls) add(control.name, control.datatype, {1});
  for (const backend::StateConfig& state : config.states) add(state.input_name, state.datatype, state.dims);
  return inputs;
}

Result<Binding> Bind(const Ports& ports, const ModelConfig& config) {
  std::vector<TensorConfig> inputs = config.inputs;
  std::ranges::move(SequenceInputs(config), std::back_inserter(inputs));
  if (inputs.size() != ports.inputs.size()) {
    return backend::UnexpectedInputCount(config.name, inputs.size(), ports.inputs.size());
  }
  std::vector<TensorConfig> outputs = config.outputs;
  for (const backend::StateConfig& state : config.states) {
    if (config.FindOutput(state.output_name) != nullptr) continue;
    TensorConfig& output = outputs.emplace_back();
    output.name = state.output_name;
    output.datatype = state.datatype;
    output.dims = state.dims;
  }
  Binding binding;
  NESO_ASSIGN_OR_RETURN(binding.inputs, BindAll(ports.inputs, inputs, "input", config));
  NESO_ASSIGN_OR_RETURN(binding.outputs, BindAll(ports.outputs, outputs, "output", config));
  return binding;
}

Status CheckShapes(const std::vector<Port>& ports, const std::vector<BoundTensor>& bound, const ModelConfig& config) {
  for (const BoundTensor& one : bound) {
    const Port& port = ports[one.port];
    if (!port.has_rank) continue;
    std::vector<int64_t> shape = port.shape;
    if (config.batches() && !shape.empty()) shape[0] = -1;
    NESO_RETURN_IF_ERROR(backend::CheckShapeOrScalar(one.tensor.name, shape, one.tensor.backend_dims(), config));
  }
  return {};
}

Result<bool> AutoComplete(const Ports& ports, int64_t default_max_batch_size, rapidjson::Document& config) {
  const std::string model = backend::StringOr(config, "name");
  const bool no_inputs = backend::IsEmptyList(config, "input");
  const bool no_outputs = backend::IsEmptyList(config, "output");
  if (!no_inputs && !no_outputs) return false;
  int64_t max_batch_size = backend::IntOr(config, "max_batch_size", 0);
  if (CanBatch(ports)) {
    if (max_batch_size == 0) max_batch_size = std::max<int64_t>(default_max_batch_size, 1);
    backend::SetBatching(max_batch_size, config);
  } else if (max_batch_size > 0) {
    NESO_LOG_WARNING("model layout for model ", model,
                     " does not support batching while non-zero max_batch_size is specified");
  }
  if (no_inputs) {
    NESO_ASSIGN_OR_RETURN(const std::vector<backend::ModelTensor> tensors, ForConfig(ports.inputs, "input", model));
    backend::SetTensors("input", tensors, max_batch_size > 0, config);
  }
  if (no_outputs) {
    NESO_ASSIGN_OR_RETURN(const std::vector<backend::ModelTensor> tensors, ForConfig(ports.outputs, "output", model));
    backend::SetTensors("output", tensors, max_batch_size > 0, config);
  }
  return true;
}

}  // namespace neso::openvino
