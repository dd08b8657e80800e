#include "schedule/batch_compatibility.h"

#include <algorithm>
#include <string_view>

#include "core/sequence_state.h"

namespace neso {
namespace {

// Shape tensors are tiny, so copying both is the simple way to compare data cut into different buffers.
std::string Gather(const Input& input) {
  std::string bytes;
  for (const InputBuffer& buffer : input.buffers()) {
    bytes.append(static_cast<const char*>(buffer.base), buffer.attributes.byte_size);
  }
  return bytes;
}

bool IsOnGpu(const Input& input) {
  return std::any_of(input.buffers().begin(), input.buffers().end(),
                     [](const InputBuffer& b) { return b.attributes.memory_type == MemoryType::kGpu; });
}

bool EqualContents(const Input& a, const Input& b) {
  // Not readable from here: rather a small batch than a wrong one.
  if (IsOnGpu(a) || IsOnGpu(b)) return false;
  return Gather(a) == Gather(b);
}

bool EqualShapes(const Shape& a, const Shape& b, size_t from) {
  if (a.size() != b.size() || a.size() < from) return false;
  return std::equal(a.begin() + static_cast<ptrdiff_t>(from), a.end(), b.begin() + static_cast<ptrdiff_t>(from));
}

}  // namespace

BatchCompatibility::BatchCompatibility(const Model& model) : batch_dims_(model.max_batch_size() > 0 ? 1 : 0) {
  for (const TensorSpec& input : model.inputs()) {
    has_optional_inputs_ |= input.optional;
    const bool is_variable = std::find(input.dims.begin(), input.dims.end(), -1) != input.dims.end();
    if (input.is_shape_tensor || (is_variable && !input.allow_ragged_batch)) {
      compared_.push_back({input.name, input.is_shape_tensor});
    }
  }
  for (const auto& state : model.config().sequence_batching().state()) {
    has_variable_states_ |= std::find(state.dims().begin(), state.dims().end(), -1) != state.dims().end();
  }
}

bool BatchCompatibility::CanShare(const InferenceRequest& a, const InferenceRequest& b) const {
  if (has_optional_inputs_) {
    if (a.inputs().size() != b.inputs().size()) return false;
    for (const Input& input : a.inputs()) {
      if (b.FindInput(input.name()) == nullptr) return false;
    }
  }
  if (has_variable_states_ && !a.sequence_states->HaveShapesOf(*b.sequence_states)) return false;
  for (const ComparedInput& compared : compared_) {
    const Input* const in_a = a.FindInput(compared.name);
    const Input* const in_b = b.FindInput(compared.name);
    if ((in_a == nullptr) != (in_b == nullptr)) return false;
    if (in_a == nullptr) continue;
    if (!EqualShapes(in_a->shape(), in_b->shape(), compared.is_shape_tensor ? 0 : batch_dims_)) return false;
    if (compared.is_shape_tensor && !EqualContents(*in_a, *in_b)) return false;
  }
  return true;
}

}  // namespace neso
