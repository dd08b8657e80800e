#include "binding.h"

#include <algorithm>
#include <string_view>

#include "neso/backend/check_tensor.h"

namespace neso::tensorrt {
namespace {

using backend::ConfigName;
using backend::ModelConfig;
using backend::TensorConfig;

bool IsServed(backend::DataType datatype) {
  switch (datatype) {
    case TRITONSERVER_TYPE_BOOL:
    case TRITONSERVER_TYPE_INT8:
    case TRITONSERVER_TYPE_UINT8:
    case TRITONSERVER_TYPE_INT32:
    case TRITONSERVER_TYPE_INT64:
    case TRITONSERVER_TYPE_FP16:
    case TRITONSERVER_TYPE_BF16:
    case TRITONSERVER_TYPE_FP32: return true;
    default: return false;
  }
}

// What only this backend's configurations have.
struct Marks {
  bool is_shape_tensor = false;
  bool is_non_linear = false;
};

Marks MarksOf(const rapidjson::Value& document, const char* list, std::string_view name) {
  Marks marks;
  backend::internal::ForEach(document, list, [&](const auto& tensor) {
    if (backend::StringOr(tensor, "name") != name) return;
    marks.is_shape_tensor = backend::BoolOr(tensor, "is_shape_tensor", false);
    marks.is_non_linear = backend::BoolOr(tensor, "is_non_linear_format_io", false);
  });
  return marks;
}

bool AreOnes(const std::vector<int64_t>& dims) {
  return std::ranges::all_of(dims, [](int64_t dim) { return dim == 1; });
}

// Checks the tensors of one list, "input" or "output", against the engine's.
class Checker {
 public:
  Checker(const ModelConfig& config, const rapidjson::Value& document, const std::string& instance, const char* role)
      : config_(config), document_(document), instance_(instance), role_(role) {}

  Status Check(const EngineTensor& tensor, const TensorConfig& configured) const {
    NESO_RETURN_IF_ERROR(CheckDatatype(tensor, configured.datatype));
    NESO_RETURN_IF_ERROR(CheckMarks(tensor));
    if (tensor.is_shape_tensor) return CheckShapeTensor(tensor, configured);
    return CheckDims(tensor, configured);
  }

  Status CheckDatatype(const EngineTensor& tensor, backend::DataType configured) const {
    if (!IsServed(configured)) {
      return Status::InvalidArg("unsupported datatype ", ConfigName(configured), " for ", role_, " '", tensor.name,
                                "' for model '", config_.name, "'");
    }
    if (tensor.datatype == configured) return {};
    const std::string_view engine = ConfigName(tensor.datatype);
    return Status::InvalidArg("unexpected datatype ", engine.empty() ? "TYPE_INVALID" : engine, " for inference ",
                              role_, " '", tensor.name, "', expecting ", ConfigName(configured), " for ", instance_);
  }

 private:
  Status CheckMarks(const EngineTensor& tensor) const {
    const Marks marks = MarksOf(document_, role_, tensor.name);
    if (tensor.is_shape_tensor && !marks.is_shape_tensor) {
      return Status::InvalidArg(role_, " '", tensor.name, "' for model '", config_.name,
                                "' is a shape tensor but the model configuration doesn't mark it as a shape tensor.");
    }
    if (!tensor.is_shape_tensor && marks.is_shape_tensor) {
      return Status::InvalidArg(role_, " '", tensor.name, "' for model '", config_.name,
                                "' is incorrectly marked as a shape tensor in the model configuration.");
    }
    if (!tensor.is_linear && !marks.is_non_linear) {
      return Status::InvalidArg(role_, " '", tensor.name, "' for model '", config_.name,
                                "' has a vectorized format: expected is_non_linear_format_io: true in the model "
                                "configuration");
    }
    if (tensor.is_linear && marks.is_non_linear) {
      return Status::InvalidArg(role_, " '", tensor.name, "' for model '", config_.name,
                                "' has the linear format, and is marked with is_non_linear_format_io in the model "
                                "configuration");
    }
    return {};
  }

  // The first of its values is the batch's, if the model batches; the configuration does without that one.
  Status CheckShapeTensor(const EngineTensor& tensor, const TensorConfig& configured) const {
    const std::string_view role = role_;
    const bool is_index = tensor.datatype == TRITONSERVER_TYPE_INT32 || tensor.datatype == TRITONSERVER_TYPE_INT64;
    if (!is_index || (role == "output" && tensor.datatype != TRITONSERVER_TYPE_INT64)) {
      return Status::InvalidArg("unexpected datatype ", ConfigName(tensor.datatype), " for shape tensor '", tensor.name,
                                "', expecting ", role == "input" ? "TYPE_INT32 or TYPE_INT64" : "TYPE_INT64", " for ",
                                instance_);
    }
    const int64_t values = backend::ElementCount(tensor.shape) - (config_.batches() && !tensor.shape.empty() ? 1 : 0);
    if (values == backend::ElementCount(configured.dims)) return {};
    return Status::InvalidArg("model '", config_.name, "', shape tensor '", tensor.name, "': expected dims [", values,
                              "], got ", backend::ShapeText(configured.dims));
  }

  Status CheckDims(const EngineTensor& tensor, const TensorConfig& configured) const {
    if (configured.ragged || config_.FindBatchOutput(tensor.name) != nullptr) return {};
    if (tensor.shape.empty() && !config_.batches() && AreOnes(configured.backend_dims())) return {};
    return backend::CheckShape(tensor.name, tensor.shape, configured.backend_dims(), config_);
  }

  const ModelConfig& config_;
  const rapidjson::Value& document_;
  const std::string& instance_;
  const char* const role_;
};

Status NotConfigured(const char* role, const EngineTensor& tensor, const std::string& instance) {
  return Status::InvalidArg("expected configuration for ", role, " '", tensor.name, "' for ", instance);
}

// The rows of a batch stand apart there, where responses are cut as if they did not.
Status CheckRows(const EngineTensor& tensor, const ModelConfig& config) {
  if (tensor.is_linear || !config.batches() || tensor.vectorized_dim < 0) return {};
  const int64_t dim = tensor.shape[static_cast<size_t>(tensor.vectorized_dim)];
  if (dim >= 0 && dim % tensor.vector_length == 0) return {};
  return Status::Unsupported(
      "model '", config.name, "', output '", tensor.name,
      "': a vectorized format whose vectors are filled up cannot be cut into the rows of a batch");
}

// More than the engine takes at once is never sent to it.
Status CheckMaxBatchSize(const EngineTensor& tensor, const ModelConfig& config) {
  if (!config.batches() || tensor.is_shape_tensor || tensor.dims.empty()) return {};
  int64_t most = 0;
  for (const Range& range : tensor.dims) most = std::max(most, range.max.empty() ? most : range.max.front());
  if (most >= config.max_batch_size) return {};
  return Status::InvalidArg("model '", config.name, "', input '", tensor.name, "': expected max_batch_size of at most ",
                            most, ", which is what the engine's optimization profiles take, got ",
                            config.max_batch_size);
}

}  // namespace

std::vector<std::string> SequenceInputs(const ModelConfig& config) {
  std::vector<std::string> names;
  for (const backend::ControlConfig& control : config.controls) names.push_back(control.name);
  for (const backend::StateConfig& state : config.states) names.push_back(state.input_name);
  return names;
}

Result<Binding> Bind(const EngineDescription& engine, const ModelConfig& config, const rapidjson::Value& document,
                     const std::string& instance) {
  for (const TensorConfig& input : config.inputs) {
    if (engine.FindInput(input.name) != nullptr) continue;
    return backend::UnexpectedTensor("input", input.name, EngineDescription::NamesOf(engine.inputs));
  }
  for (const TensorConfig& output : config.outputs) {
    if (engine.FindOutput(output.name) != nullptr) continue;
    return backend::UnexpectedTensor("output", output.name, EngineDescription::NamesOf(engine.outputs));
  }
  Binding binding;
  const std::vector<std::string> of_sequences = SequenceInputs(config);
  const Checker inputs(config, document, instance, "input");
  for (const EngineTensor& tensor : engine.inputs) {
    const backend::BatchInputConfig* const batch_input = config.FindBatchInput(tensor.name);
    const TensorConfig* const configured = config.FindInput(tensor.name);
    if (configured != nullptr) {
      NESO_RETURN_IF_ERROR(inputs.Check(tensor, *configured));
    } else if (batch_input != nullptr) {
      NESO_RETURN_IF_ERROR(inputs.CheckDatatype(tensor, batch_input->datatype));
    } else if (std::ranges::find(of_sequences, tensor.name) == of_sequences.end()) {
      return NotConfigured("input", tensor, instance);
    }
    if (configured != nullptr && !configured->ragged) NESO_RETURN_IF_ERROR(CheckMaxBatchSize(tensor, config));
    binding.inputs.push_back({&tensor, configured == nullptr ? batch_input : nullptr});
  }
  const Checker outputs(config, document, instance, "output");
  for (const EngineTensor& tensor : engine.outputs) {
    const TensorConfig* const configured = config.FindOutput(tensor.name);
    const auto state = std::ranges::find(config.states, tensor.name, &backend::StateConfig::output_name);
    if (configured != nullptr) {
      NESO_RETURN_IF_ERROR(outputs.Check(tensor, *configured));
      NESO_RETURN_IF_ERROR(CheckRows(tensor, config));
    } else if (state != config.states.end()) {
      NESO_RETURN_IF_ERROR(outputs.CheckDatatype(tensor, state->datatype));
    } else {
      return NotConfigured("output", tensor, instance);
    }
    BoundOutput output{.tensor = &tensor, .scalar_dims = {}, .is_state = state != config.states.end()};
    if (tensor.shape.empty() && configured != nullptr) output.scalar_dims = configured->backend_dims();
    binding.outputs.push_back(std::move(output));
  }
  return binding;
}

}  // namespace neso::tensorrt
