#include <algorithm>
#include <set>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "config/data_type.h"
#include "config/validate.h"

namespace neso {
namespace {

using Dims = google::protobuf::RepeatedField<int64_t>;

constexpr int64_t kVariable = -1;
constexpr int64_t kTooMany = -2;

bool HasBadDimension(const Dims& dims) {
  return std::any_of(dims.begin(), dims.end(), [](int64_t dim) { return dim < 1 && dim != kVariable; });
}

// Element counts of the runs of fixed dimensions between variable ones: [2,3,-1,4] is {6, 4}.
std::vector<int64_t> ChunkCounts(const Dims& dims) {
  std::vector<int64_t> chunks = {1};
  for (const int64_t dim : dims) {
    if (dim == kVariable) {
      chunks.push_back(1);
    } else if (chunks.back() != kTooMany && __builtin_mul_overflow(chunks.back(), dim, &chunks.back())) {
      chunks.back() = kTooMany;
    }
  }
  return chunks;
}

// The finding, or null. `dims` have been checked.
const char* FindReshapeError(const Dims& dims, const Dims& shape, bool batching) {
  if (shape.empty() && !batching) {
    return "cannot have empty reshape for non-batching model as scalar tensors are not supported";
  }
  if (HasBadDimension(shape))
    return "reshape dimensions must be integer >= 1, or -1 to indicate a variable-size dimension";
  const std::vector<int64_t> of_dims = ChunkCounts(dims);
  const std::vector<int64_t> of_shape = ChunkCounts(shape);
  if (of_dims == of_shape) return nullptr;
  const bool both_variable = of_dims.size() > 1 && of_shape.size() > 1;
  return both_variable && of_dims.size() != of_shape.size()
             ? "has different number of variable-size dimensions for dims and reshape"
             : "has different size for dims and reshape";
}

// The rules that inputs and outputs share. `role` is "input" or "output".
template <typename Tensor>
Status ValidateTensor(const Tensor& tensor, std::string_view role, const inference::ModelConfig& config) {
  const std::string& model = config.name();
  if (tensor.name().empty()) return InvalidArg("model {} must specify 'name' for {}", role, model);
  if (tensor.data_type() == inference::TYPE_INVALID || !inference::DataType_IsValid(tensor.data_type())) {
    return InvalidArg("model {} '{}' must specify 'data_type' for {}", role, tensor.name(), model);
  }
  if (tensor.dims().empty()) return InvalidArg("model {} '{}' must specify 'dims' for {}", role, tensor.name(), model);
  if (HasBadDimension(tensor.dims())) {
    return InvalidArg(
        "model {} '{}' dimension must be integer >= 1, or -1 to indicate a variable-size dimension for {}", role,
        tensor.name(), model);
  }
  if (tensor.has_reshape()) {
    const char* error = FindReshapeError(tensor.dims(), tensor.reshape().shape(), config.max_batch_size() > 0);
    if (error != nullptr) return InvalidArg("model {} '{}' {} for {}", role, tensor.name(), error, model);
  }
  const bool tensorrt = config.platform() == "tensorrt_plan";
  if (tensor.is_shape_tensor() && !tensorrt) {
    return InvalidArg("shape tensors are only supported for TensorRT platform for {}", model);
  }
  if (tensor.is_non_linear_format_io() && !tensorrt) {
    return InvalidArg("Non-linear IO format is only supported for the TensorRT platform for {}", model);
  }
  if (tensor.is_non_linear_format_io() && tensor.dims_size() != 3) {
    return InvalidArg("Non-linear IO format {} requires 3 dims for {}", role, model);
  }
  return {};
}

using Names = std::unordered_set<std::string_view>;

template <typename Tensors>
Names NamesOf(const Tensors& tensors) {
  Names names;
  for (const auto& tensor : tensors) names.insert(tensor.name());
  return names;
}

// One known source input; `role` is "batch input" or "batch output".
template <typename BatchTensor>
Status ValidateSource(const BatchTensor& tensor, std::string_view role, const Names& inputs,
                      const inference::ModelConfig& config) {
  if (!BatchTensor::Kind_IsValid(tensor.kind())) {
    return InvalidArg("unknown {} kind '{}' for {}", role, BatchTensor::Kind_Name(tensor.kind()), config.name());
  }
  if (tensor.source_input_size() != 1) {
    return InvalidArg("{} kind '{}' expects 1 source input, got {} for {}", role, BatchTensor::Kind_Name(tensor.kind()),
                      tensor.source_input_size(), config.name());
  }
  if (!inputs.contains(tensor.source_input(0))) {
    return InvalidArg("unknown source input name '{}' for {}", tensor.source_input(0), config.name());
  }
  return {};
}

Status ValidateBatchOutput(const inference::BatchOutput& output, const Names& inputs, const Names& outputs,
                           const inference::ModelConfig& config) {
  RETURN_IF_ERROR(ValidateSource(output, "batch output", inputs, config));
  std::set<std::string> targets;
  for (const std::string& target : output.target_name()) {
    if (!outputs.contains(target)) return InvalidArg("unknown target output name '{}' for {}", target, config.name());
    if (!targets.insert(target).second) {
      return InvalidArg("target output name '{}' can only be specified once for {}", target, config.name());
    }
  }
  return {};
}

}  // namespace

Status ValidateInputsAndOutputs(const inference::ModelConfig& config) {
  for (const auto& input : config.input()) {
    RETURN_IF_ERROR(ValidateTensor(input, "input", config));
    if (input.format() != inference::ModelInput::FORMAT_NONE && input.dims_size() != 3) {
      return InvalidArg("model input NHWC/NCHW require 3 dims for {}", config.name());
    }
  }
  for (const auto& output : config.output()) RETURN_IF_ERROR(ValidateTensor(output, "output", config));
  return {};
}

Status ValidateBatchTensors(const inference::ModelConfig& config) {
  const Names inputs = NamesOf(config.input());
  const Names outputs = NamesOf(config.output());
  for (const auto& input : config.batch_input()) {
    RETURN_IF_ERROR(ValidateSource(input, "batch input", inputs, config));
    if (input.data_type() != inference::TYPE_INT32 && input.data_type() != inference::TYPE_FP32) {
      return InvalidArg("batch input data type must be TYPE_INT32 or TYPE_FP32 for {}", config.name());
    }
  }
  for (const auto& output : config.batch_output())
    RETURN_IF_ERROR(ValidateBatchOutput(output, inputs, outputs, config));
  return {};
}

}  // namespace neso
