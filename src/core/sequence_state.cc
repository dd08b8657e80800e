#include "core/sequence_state.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "config/data_type.h"

namespace neso {

void SequenceState::Reset() {
  current_ = {spec_.initial_shape, spec_.initial, spec_.initial->size()};
  if (!spec_.in_place) return;
  current_.data = Buffer::Allocate(spec_.initial->size());
  std::memcpy(current_.data->data(), spec_.initial->data(), spec_.initial->size());
}

void SequenceState::BecomeZeros(const Shape& shape) {
  const size_t element = ZeroByteSize(static_cast<inference::DataType>(spec_.datatype));
  const size_t byte_size = element * static_cast<size_t>(std::max<int64_t>(ElementCount(shape), 0));
  current_ = {shape, Buffer::Allocate(byte_size), byte_size};
  if (byte_size > 0) std::memset(current_.data->data(), 0, byte_size);
}

void SequenceState::InjectInto(InferenceRequest& request) const {
  const auto* const data = reinterpret_cast<const std::byte*>(current_.data->data());
  request.InjectInput(spec_.input_name, spec_.datatype, current_.shape, {data, current_.byte_size});
}

void* SequenceState::Allocate(size_t byte_size) {
  const auto has_room = [byte_size](const BufferRef& data) { return data && data->size() >= byte_size; };
  if (spec_.in_place && has_room(current_.data)) {
    next_.data = current_.data;
  } else if (!has_room(next_.data) || next_.data.get() == current_.data.get()) {
    next_.data = Buffer::Allocate(byte_size);
    if (spec_.in_place) std::memcpy(next_.data->data(), current_.data->data(), current_.byte_size);
  }
  next_.byte_size = byte_size;
  attributes_.byte_size = byte_size;
  return next_.data->data();
}

void SequenceState::Update() {
  // Asked for without memory: an output of no bytes.
  if (!next_.data) Allocate(0);
  std::swap(current_, next_);
  if (next_.data.get() == spec_.initial.get()) next_.data = BufferRef();
}

SequenceStates::SequenceStates(std::span<const StateSpec> specs) : specs_(specs), states_(specs.begin(), specs.end()) {}

std::unique_ptr<SequenceStates> SequenceStates::MakeZeros() const {
  auto zeros = std::make_unique<SequenceStates>(specs_);
  for (size_t i = 0; i < states_.size(); ++i) zeros->states_[i].BecomeZeros(states_[i].shape());
  return zeros;
}

void SequenceStates::Reset() {
  for (SequenceState& state : states_) state.Reset();
}

void SequenceStates::InjectInto(InferenceRequest& request) const {
  for (const SequenceState& state : states_) state.InjectInto(request);
}

bool SequenceStates::HaveShapesOf(const SequenceStates& other) const {
  return std::equal(states_.begin(), states_.end(), other.states_.begin(), other.states_.end(),
                    [](const SequenceState& a, const SequenceState& b) { return a.shape() == b.shape(); });
}

Expected<SequenceState*> SequenceStates::NewOutput(std::string_view name, DataType datatype,
                                                   std::span<const int64_t> shape) {
  const auto found = std::find_if(states_.begin(), states_.end(),
                                  [name](const SequenceState& state) { return state.spec().output_name == name; });
  if (found == states_.end()) return InvalidArg("state '{}' is not a valid state name.", name);
  if (datatype != found->spec().datatype) {
    return InvalidArg("state '{}': expected datatype {}, got {}", name, DataTypeName(found->spec().datatype),
                      DataTypeName(datatype));
  }
  found->Begin(shape);
  return &*found;
}

}  // namespace neso
