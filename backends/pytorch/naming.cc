#include "naming.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

#include "neso/backend/log.h"

namespace neso::pytorch {
namespace {

using backend::ModelConfig;
using backend::StateConfig;
using backend::TensorConfig;
using Kind = ForwardArgument::Kind;

// The number after the first "__"; nothing if there is none or something else follows, too.
std::optional<size_t> IndexInName(const std::string& name) {
  const size_t mark = name.find("__");
  if (mark == std::string::npos) return std::nullopt;
  const char* const begin = name.data() + mark + 2;
  const char* const end = name.data() + name.size();
  if (begin == end || !std::all_of(begin, end, [](char c) { return c >= '0' && c <= '9'; })) return std::nullopt;
  size_t index = 0;
  const auto [rest, error] = std::from_chars(begin, end, index);
  return error == std::errc() ? index : std::numeric_limits<size_t>::max();  // beyond any model's last
}

bool AllHaveIndex(const std::vector<TensorConfig>& tensors) {
  bool all = true;
  for (const TensorConfig& tensor : tensors) {
    if (IndexInName(tensor.name)) continue;
    all = false;
    if (tensor.name.find("__") == std::string::npos) continue;
    NESO_LOG_WARNING("'", tensor.name,
                     "' does not follow the <name>__<index> naming convention: what follows '__' is no ",
                     "number. Inputs and outputs are taken in the order of the model configuration.");
  }
  return all;
}

// Strings are one list, which has no other dimension.
Status CheckTensor(const TensorConfig& tensor, const char* role, const ModelConfig& config) {
  NESO_RETURN_IF_ERROR(CheckDatatype(tensor.datatype, role, tensor.name, config));
  if (tensor.datatype != TRITONSERVER_TYPE_BYTES) return {};
  if (tensor.backend_dims().size() + (config.batches() ? 1 : 0) <= 1) return {};
  return Status::Internal("Triton only supports 1 dimensional List of String as ", role, " for '", tensor.name,
                          "' for model '", config.name, "'");
}

Result<size_t> RequiredIndex(const std::string& name, const char* role) {
  if (const std::optional<size_t> index = IndexInName(name)) return *index;
  return Status::Internal(role, " '", name, "' does not follow <name>__<index> naming convention.");
}

Status CheckArguments(const std::vector<ForwardArgument>& arguments) {
  for (const ForwardArgument& argument : arguments) {
    if (argument.kind == Kind::kDictionary) {
      return Status::Internal(
          "Multiple inputs of kind DictType were detected. Only a single input of type Dict(str, Tensor) is supported.");
    }
    if (argument.kind == Kind::kOther) {
      return Status::Internal(
          "An input of type '", argument.type,
          "' was detected in the model. Only a single input of type Dict(str, Tensor) or input(s) of "
          "type Tensor are supported.");
    }
  }
  return {};
}

// The configured inputs, in the order of the configuration.
Status BindInputs(const std::vector<ForwardArgument>& arguments, const ModelConfig& config, Binding& binding) {
  const auto argument_named = [&](const TensorConfig& input) {
    return std::ranges::find(arguments, input.name, &ForwardArgument::name);
  };
  const bool by_argument = !binding.as_dictionary && std::ranges::all_of(config.inputs, [&](const TensorConfig& input) {
    return argument_named(input) != arguments.end();
  });
  const bool by_index = !binding.as_dictionary && !by_argument && AllHaveIndex(config.inputs);
  for (const TensorConfig& input : config.inputs) {
    NESO_RETURN_IF_ERROR(CheckTensor(input, "input", config));
    size_t position = binding.inputs.size();
    if (by_argument) position = static_cast<size_t>(argument_named(input) - arguments.begin());
    if (by_index) position = *IndexInName(input.name);
    binding.inputs.push_back({input.name, position, input.datatype, nullptr});
  }
  return {};
}

// Tensors that the server or this backend makes.
Status BindMadeInputs(const ModelConfig& config, Binding& binding) {
  for (const backend::BatchInputConfig& batch_input : config.batch_inputs) {
    for (const std::string& target : batch_input.targets) {
      binding.inputs.push_back({target, binding.inputs.size(), batch_input.datatype, &batch_input});
    }
  }
  for (const backend::ControlConfig& control : config.controls) {
    NESO_ASSIGN_OR_RETURN(const size_t position, RequiredIndex(control.name, "input"));
    binding.inputs.push_back({control.name, position, TRITONSERVER_TYPE_INVALID, nullptr});
  }
  for (const StateConfig& state : config.states) {
    NESO_RETURN_IF_ERROR(CheckDatatype(state.datatype, "input state", state.input_name, config));
    NESO_ASSIGN_OR_RETURN(const size_t position, RequiredIndex(state.input_name, "input"));
    binding.inputs.push_back({state.input_name, position, state.datatype, nullptr});
  }
  return {};
}

Status BindOutputs(const ModelConfig& config, Binding& binding) {
  const bool by_index = AllHaveIndex(config.outputs);
  for (const TensorConfig& output : config.outputs) {
    NESO_RETURN_IF_ERROR(CheckTensor(output, "output", config));
    const size_t index = by_index ? *IndexInName(output.name) : binding.outputs.size();
    binding.outputs.push_back({output.name, index, output.datatype});
  }
  for (const StateConfig& state : config.states) {
    NESO_RETURN_IF_ERROR(CheckDatatype(state.datatype, "state", state.output_name, config));
    NESO_ASSIGN_OR_RETURN(const size_t index, RequiredIndex(state.output_name, "output"));
    if (config.FindOutput(state.output_name) == nullptr) {
      binding.outputs.push_back({state.output_name, index, state.datatype});
    }
  }
  return {};
}

}  // namespace

Status CheckLists(const ModelConfig& config) {
  if (config.inputs.empty()) {
    return Status::Internal("model configuration must contain at least one input, none were specified.");
  }
  if (config.outputs.empty()) {
    return Status::Internal("model configuration must contain at least one output, none were specified.");
  }
  if (config.states.empty()) return {};
  const auto has_index = [](const TensorConfig& tensor) { return IndexInName(tensor.name).has_value(); };
  if (std::ranges::all_of(config.inputs, has_index) && std::ranges::all_of(config.outputs, has_index)) return {};
  return Status::InvalidArg("PyTorch model '", config.name,
                            "' is using sequence batching with state but not all inputs and outputs follow the "
                            "<name>__<index> naming convention. ");
}

Status CheckDatatype(DataType datatype, const char* role, const std::string& name, const ModelConfig& config) {
  switch (datatype) {
    case TRITONSERVER_TYPE_BOOL:
    case TRITONSERVER_TYPE_UINT8:
    case TRITONSERVER_TYPE_INT8:
    case TRITONSERVER_TYPE_INT16:
    case TRITONSERVER_TYPE_INT32:
    case TRITONSERVER_TYPE_INT64:
    case TRITONSERVER_TYPE_FP16:
    case TRITONSERVER_TYPE_FP32:
    case TRITONSERVER_TYPE_FP64:
    case TRITONSERVER_TYPE_BYTES: return {};
    default:
      return Status::Internal("unsupported datatype ", backend::ConfigName(datatype), " for ", role, " '", name,
                              "' for model '", config.name, "'");
  }
}

Status CheckPositions(size_t argument_count, const ModelConfig& config, Binding& binding) {
  if (binding.inputs.size() != argument_count) {
    return Status::InvalidArg("unable to load model '", config.name, "', configuration expects ", binding.inputs.size(),
                              " inputs, model provides ", argument_count);
  }
  std::ranges::stable_sort(binding.inputs, {}, &InputBinding::position);
  for (size_t i = 0; i < binding.inputs.size(); ++i) {
    const InputBinding& input = binding.inputs[i];
    if (input.position == i) continue;
    if (input.position < argument_count && i > 0 && binding.inputs[i - 1].position == input.position) {
      return Status::InvalidArg("unable to load model '", config.name, "': inputs '", binding.inputs[i - 1].name,
                                "' and '", input.name, "' are both argument ", input.position, " of the model");
    }
    return Status::InvalidArg("unable to load model '", config.name, "': no input is argument ", i,
                              " of the model, which has arguments 0 to ", argument_count - 1, "; is '",
                              binding.inputs.back().name, "' meant?");
  }
  return {};
}

Result<Binding> BindTorchScript(const std::vector<ForwardArgument>& arguments, const ModelConfig& config) {
  NESO_RETURN_IF_ERROR(CheckLists(config));
  Binding binding;
  binding.as_dictionary = arguments.size() == 1 && arguments[0].kind == Kind::kDictionary;
  if (!binding.as_dictionary) NESO_RETURN_IF_ERROR(CheckArguments(arguments));
  NESO_RETURN_IF_ERROR(BindInputs(arguments, config, binding));
  NESO_RETURN_IF_ERROR(BindMadeInputs(config, binding));
  if (!binding.as_dictionary) NESO_RETURN_IF_ERROR(CheckPositions(arguments.size(), config, binding));
  NESO_RETURN_IF_ERROR(BindOutputs(config, binding));
  return binding;
}

}  // namespace neso::pytorch
