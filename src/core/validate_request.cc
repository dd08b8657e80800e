#include "core/validate_request.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <ranges>
#include <string>

#include "base/saturating.h"
#include "base/text.h"
#include "core/reshape.h"

namespace neso {
namespace {

constexpr const char* kBatchDimensionNote =
    "NOTE: Setting a non-zero max_batch_size in the model config requires a batch dimension to be prepended to each "
    "input shape. If you want to specify the full shape including the batch dim in your input dims config, try setting "
    "max_batch_size to zero. See the model configuration docs for more info on max_batch_size.";

Status UnexpectedInput(std::string_view name, const Model& model) {
  return InvalidArg("unexpected inference input '{}' for model '{}'", name, model.name());
}

}  // namespace

Status RequestValidator::Run() {
  if (request_.input_count_ == 1 && request_.inputs_[0].is_raw()) RETURN_IF_ERROR(DeduceRawInput());
  RETURN_IF_ERROR(CheckOutputs());
  RETURN_IF_ERROR(CheckInputCount());
  RETURN_IF_ERROR(FindBatchSize());
  for (Input& input : request_.inputs() | std::views::reverse) RETURN_IF_ERROR(CheckInput(input));
  request_.batch_size_ = static_cast<uint32_t>(std::max<int64_t>(batch_size_, 1));
  ChoosePriority();
  return {};
}

Status RequestValidator::DeduceRawInput() {
  if (model_.inputs().size() != 1) {
    return Refuse(
        "Raw request must only have 1 input (found 1) to be deduced but got {} inputs in '{}' model configuration",
        model_.inputs().size(), model_.name());
  }
  Input& input = request_.inputs_[0];
  const TensorSpec& spec = model_.inputs()[0];
  Shape shape;
  if (model_.max_batch_size() > 0) shape.push_back(1);
  const size_t none = std::numeric_limits<size_t>::max();
  size_t variable = none;
  uint64_t fixed_elements = 1;
  for (const int64_t dim : spec.dims) {
    if (dim != -1) {
      fixed_elements = SaturatingMultiply(fixed_elements, static_cast<uint64_t>(dim));
    } else if (variable == none) {
      variable = shape.size();
    } else {
      return Refuse(
          "The shape of the raw input '{}' can not be deduced because there are more than one variable-sized "
          "dimension",
          spec.name);
    }
    shape.push_back(dim);
  }
  if (spec.datatype == DataType::kBytes) {
    if (variable == none && fixed_elements != 1) {
      return Refuse("For BYTE datatype raw input '{}', the model must have input shape [1]", spec.name);
    }
    if (!input.host_policy_buffers_.empty()) {
      return Refuse(
          "Raw input with data associated with a host policy setting is not currently supported for BYTES "
          "data type");
    }
    if (variable != none) shape[variable] = 1;
    // The element's length stands before it. A request used again has it already.
    const bool has_length = !input.buffers_.empty() && input.buffers_[0].base == &request_.raw_length_;
    if (has_length) {
      input.byte_size_ -= sizeof(request_.raw_length_);
    } else {
      InputBuffer length;
      length.base = &request_.raw_length_;
      length.attributes.byte_size = sizeof(request_.raw_length_);
      input.buffers_.insert(input.buffers_.begin(), length);
    }
    request_.raw_length_ = static_cast<uint32_t>(input.byte_size_);
    input.byte_size_ += sizeof(request_.raw_length_);
  } else if (variable != none) {
    const uint64_t row_bytes = SaturatingMultiply<uint64_t>(fixed_elements, DataTypeByteSize(spec.datatype));
    shape[variable] = static_cast<int64_t>(row_bytes == 0 ? 0 : input.byte_size_ / row_bytes);
  }
  input.name_ = spec.name;
  input.datatype_ = spec.datatype;
  input.original_shape_ = std::move(shape);
  return {};
}

Status RequestValidator::CheckOutputs() const {
  for (const std::string& name : request_.requested_outputs_) {
    if (model_.FindOutput(name) == nullptr) {
      return InvalidArg("unexpected inference output '{}' for model '{}'", name, model_.name());
    }
  }
  return {};
}

Status RequestValidator::CheckInputCount() const {
  const size_t count = request_.input_count_;
  const size_t required = model_.required_input_count();
  const size_t all = model_.inputs().size();
  if (required <= count && count <= all) return {};
  std::vector<std::string> got, missing;
  for (const Input& input : request_.inputs() | std::views::reverse) got.push_back("'" + input.given_name() + "'");
  for (const TensorSpec& spec : model_.inputs()) {
    if (!spec.optional && request_.FindInput(spec.name) == nullptr) missing.push_back("'" + spec.name + "'");
  }
  const std::string expected = required == all
                                   ? fmt::format("expected {} inputs", all)
                                   : fmt::format("expected number of inputs between {} and {}", required, all);
  // The text with nothing missing has no opening bracket: clients know it so.
  return Refuse(
      "{} but got {} inputs for model '{}'. Got input(s) [{}], but missing required input(s) {}{}]. Please "
      "provide all required input(s).",
      expected, count, model_.name(), Join(got, ","), missing.empty() ? "" : "[", Join(missing, ","));
}

Status RequestValidator::FindBatchSize() {
  bool found = false;
  for (const Input& input : request_.inputs() | std::views::reverse) {
    const TensorSpec* const spec = model_.FindInput(input.name());
    if (spec == nullptr) return UnexpectedInput(input.given_name(), model_);
    if (!IsBatched(*spec)) continue;
    if (input.original_shape_.empty()) {
      return Refuse("input '{}' has no shape but model requires batch dimension for '{}'", input.given_name(),
                    model_.name());
    }
    const int64_t size = input.original_shape_[0];
    if (size < 0) {
      return Refuse("All input dimensions should be specified for input '{}' for model '{}', got {}",
                    input.given_name(), model_.name(), ShapeText(input.original_shape_));
    }
    if (found && size != batch_size_) {
      return Refuse("input '{}' batch size does not match other inputs for '{}'", input.given_name(), model_.name());
    }
    batch_size_ = size;
    found = true;
  }
  if (model_.max_batch_size() > 0 && batch_size_ > model_.max_batch_size()) {
    return Refuse("inference request batch-size must be <= {} for '{}'", model_.max_batch_size(), model_.name());
  }
  return {};
}

Status RequestValidator::CheckInput(Input& input) {
  const TensorSpec& spec = *model_.FindInput(input.name());
  if (input.datatype() != spec.datatype) {
    return Refuse("inference input '{}' data-type is '{}', but model '{}' expects '{}'", input.given_name(),
                  DataTypeName(input.datatype()), model_.name(), DataTypeName(spec.datatype));
  }
  RETURN_IF_ERROR(CheckShape(input, spec));
  const size_t batch_dims = IsBatched(spec) ? 1 : 0;
  if (spec.has_reshape) {
    input.shape_ = ApplyReshape(input.original_shape_, batch_dims, spec.dims, spec.reshape);
  } else {
    input.shape_ = input.original_shape_;
  }
  // A batch of no rows is refused by its size: one row is expected.
  int64_t elements = batch_dims == 1 && batch_size_ == 0 ? 1 : ElementCount(input.original_shape_);
  if (batch_dims == 1 && batch_size_ == 0) {
    for (size_t i = 1; i < input.original_shape_.size(); ++i) {
      if (__builtin_mul_overflow(elements, input.original_shape_[i], &elements)) elements = -1;
    }
  }
  if (elements < 0) {
    return Refuse("invalid shape for input '{}': shape {} causes total element count to exceed maximum size of {}",
                  input.given_name(), ShapeText(input.original_shape_), std::numeric_limits<int64_t>::max());
  }
  RETURN_IF_ERROR(spec.datatype == DataType::kBytes ? CheckStrings(input, elements) : CheckByteSize(input, elements));
  if (batch_dims == 1 && batch_size_ == 0 && elements != 0) {
    return Refuse("input byte size mismatch for input '{}' for model '{}'. Expected 0, got {}", input.given_name(),
                  model_.name(), input.byte_size());
  }
  return {};
}

Status RequestValidator::CheckShape(const Input& input, const TensorSpec& spec) const {
  const Shape& shape = input.original_shape_;
  const size_t batch_dims = IsBatched(spec) ? 1 : 0;
  bool matches = shape.size() == spec.dims.size() + batch_dims;
  for (size_t i = 0; matches && i < spec.dims.size(); ++i) {
    const int64_t dim = shape[i + batch_dims];
    if (dim < 0) {
      return Refuse("All input dimensions should be specified for input '{}' for model '{}', got {}",
                    input.given_name(), model_.name(), ShapeText(shape));
    }
    matches = spec.dims[i] == -1 || spec.dims[i] == dim;
  }
  if (matches) return {};
  Shape expected = spec.dims;
  if (model_.max_batch_size() > 0) expected.insert(expected.begin(), -1);
  return Refuse("unexpected shape for input '{}' for model '{}'. Expected {}, got {}. {}", input.given_name(),
                model_.name(), ShapeText(expected), ShapeText(shape),
                model_.max_batch_size() > 0 ? kBatchDimensionNote : "");
}

Status RequestValidator::CheckByteSize(const Input& input, int64_t element_count) const {
  int64_t expected = 0;
  if (__builtin_mul_overflow(element_count, int64_t{DataTypeByteSize(input.datatype())}, &expected)) {
    return Refuse("invalid shape for input '{}': shape {} causes total byte size to exceed maximum size of {}",
                  input.given_name(), ShapeText(input.original_shape_), std::numeric_limits<int64_t>::max());
  }
  if (static_cast<uint64_t>(expected) == input.byte_size()) return {};
  return Refuse("input byte size mismatch for input '{}' for model '{}'. Expected {}, got {}", input.given_name(),
                model_.name(), expected, input.byte_size());
}

// Elements are a 4-byte little-endian length and that many bytes. An element may go on in the next buffer, its length
// may not. Of what lies on a GPU nothing is known, and shared memory may change afterwards: who reads strings looks
// again.
Status RequestValidator::CheckStrings(const Input& input, int64_t element_count) const {
  int64_t found = 0;
  uint64_t rest_of_element = 0;
  for (const InputBuffer& buffer : input.buffers()) {
    if (buffer.attributes.memory_type == MemoryType::kGpu) return {};
    const char* at = static_cast<const char*>(buffer.base);
    uint64_t left = buffer.attributes.byte_size;
    while (true) {
      const uint64_t step = std::min(left, rest_of_element);
      at += step;
      left -= step;
      rest_of_element -= step;
      if (left == 0) break;
      uint32_t length = 0;
      if (left < sizeof(length)) {
        return Refuse(
            "incomplete string length indicator for inference input '{}' for model '{}', expecting {} bytes but "
            "only {} bytes available. Please make sure the string length indicator is in one buffer.",
            input.given_name(), model_.name(), sizeof(length), left);
      }
      if (++found > element_count) {
        return Refuse("unexpected number of string elements {} for inference input '{}' for model '{}', expecting {}",
                      found, input.given_name(), model_.name(), element_count);
      }
      std::memcpy(&length, at, sizeof(length));
      at += sizeof(length);
      left -= sizeof(length);
      rest_of_element = length;
    }
  }
  if (rest_of_element != 0) {
    return Refuse("string element {} of inference input '{}' for model '{}' is {} bytes longer than what came",
                  found - 1, input.given_name(), model_.name(), rest_of_element);
  }
  if (found == element_count) return {};
  return Refuse("expected {} string elements for inference input '{}' for model '{}', got {}", element_count,
                input.given_name(), model_.name(), found);
}

// 0 and what is above the configured levels mean the default level; without levels there is only 0.
void RequestValidator::ChoosePriority() {
  const auto& batching = model_.config().dynamic_batching();
  if (request_.priority_ == 0 || request_.priority_ > batching.priority_levels()) {
    request_.priority_ = batching.default_priority_level();
  }
}

}  // namespace neso
