#include "core/sequence_state.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "config/data_type.h"

namespace neso {

ConstMemoryPlace SequenceState::Value::place() const {
  if (gpu == nullptr) return {.data = data->data()};
  const MemoryPlace place = gpu->place();
  return {place.data, place.type, place.device_id};
}

void SequenceState::Reset() {
  current_ = {spec_.initial_shape, spec_.initial, nullptr, spec_.initial->size()};
  if (!spec_.in_place) return;
  current_.data = Buffer::Allocate(spec_.initial->size());
  std::memcpy(current_.data->data(), spec_.initial->data(), spec_.initial->size());
}

void SequenceState::BecomeZeros(const Shape& shape) {
  const size_t element = ZeroByteSize(static_cast<inference::DataType>(spec_.datatype));
  const size_t byte_size = element * static_cast<size_t>(std::max<int64_t>(ElementCount(shape), 0));
  current_ = {shape, Buffer::Allocate(byte_size), nullptr, byte_size};
  if (byte_size > 0) std::memset(current_.data->data(), 0, byte_size);
}

void SequenceState::InjectInto(InferenceRequest& request) const {
  if (current_.gpu == nullptr) {
    const auto* const data = reinterpret_cast<const std::byte*>(current_.data->data());
    request.InjectInput(spec_.input_name, spec_.datatype, current_.shape, {data, current_.byte_size});
    return;
  }
  const ConstMemoryPlace place = current_.place();
  BufferAttributes attributes;
  attributes.byte_size = current_.byte_size;
  attributes.memory_type = place.type;
  attributes.memory_type_id = place.device_id;
  request.InjectInput(spec_.input_name, spec_.datatype, current_.shape, {});
  CHECK(request.RemoveAllInputData(spec_.input_name).ok(), "the input was added");
  CHECK(request.AppendInputData(spec_.input_name, place.data, attributes).ok(), "the input was added");
}

void* SequenceState::Allocate(size_t byte_size) {
  const auto has_room = [byte_size](const BufferRef& data) { return data && data->size() >= byte_size; };
  if (spec_.in_place && current_.gpu == nullptr && has_room(current_.data)) {
    next_.data = current_.data;
  } else if (spec_.in_place || !has_room(next_.data) || next_.data.get() == current_.data.get()) {
    next_.data = Buffer::Allocate(byte_size);
    BeginInPlace({.data = next_.data->data()});
  }
  next_.gpu = nullptr;
  next_.byte_size = byte_size;
  attributes_.byte_size = byte_size;
  attributes_.memory_type = MemoryType::kCpu;
  attributes_.memory_type_id = 0;
  return next_.data->data();
}

MemoryPlace SequenceState::AllocateOnGpu(size_t byte_size, int64_t device_id) {
  const Status status = TryAllocateOnGpu(byte_size, device_id);
  if (!status.ok()) {
    LOG_VERBOSE(1, "state '{}' is kept on the host: {}", spec_.input_name, status.message());
    return {.data = Allocate(byte_size)};
  }
  next_.data = BufferRef();
  next_.byte_size = byte_size;
  const MemoryPlace place = next_.gpu->place();
  attributes_.byte_size = byte_size;
  attributes_.memory_type = place.type;
  attributes_.memory_type_id = place.device_id;
  return place;
}

Status SequenceState::TryAllocateOnGpu(size_t byte_size, int64_t device_id) {
  const auto has_room = [&](const std::shared_ptr<GpuMemory>& memory) {
    return memory != nullptr && memory->device_id() == device_id &&
           (memory->grows() ? memory->EnsureCapacity(byte_size).ok() : memory->capacity() >= byte_size);
  };
  if (spec_.in_place && has_room(current_.gpu)) {
    next_.gpu = current_.gpu;
    return {};
  }
  if (!spec_.in_place && next_.gpu != current_.gpu && has_room(next_.gpu)) return {};
  if (spec_.grows) {
    ASSIGN_OR_RETURN(next_.gpu, GpuMemory::Reserve(device_id, GpuAddresses(device_id)));
    RETURN_IF_ERROR(next_.gpu->EnsureCapacity(byte_size));
  } else {
    // A state that grows with each request asks seldom.
    ASSIGN_OR_RETURN(next_.gpu, GpuMemory::Allocate(device_id, std::bit_ceil(std::max<uint64_t>(byte_size, 256))));
  }
  BeginInPlace(next_.gpu->place());
  return {};
}

uint64_t SequenceState::GpuAddresses(int64_t device_id) const {
  const auto given = spec_.gpu_addresses.find(static_cast<int>(device_id));
  return given == spec_.gpu_addresses.end() ? StateSpec::kDefaultGpuAddresses : given->second;
}

// New memory for an output in place holds what the input does.
void SequenceState::BeginInPlace(const MemoryPlace& to) const {
  if (!spec_.in_place) return;
  const Status copied = CopyMemory(to, current_.place(), current_.byte_size);
  if (!copied.ok()) LOG_ERROR("state '{}' is not moved: {}", spec_.input_name, copied.message());
}

void SequenceState::Update() {
  // Asked for without memory: an output of no bytes.
  if (!next_.data && next_.gpu == nullptr) Allocate(0);
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
