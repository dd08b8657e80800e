#include "backend/state_specs.h"

#include <algorithm>
#include <cstring>

#include "base/read_file.h"
#include "config/data_type.h"

namespace neso {
namespace {

using State = inference::ModelSequenceBatching::State;
using InitialState = inference::ModelSequenceBatching::InitialState;

// Every sequence that starts gets its own, so that more is a mistake.
constexpr size_t kMaxStateBytes = size_t{1} << 31;

Status CheckState(const State& state, const inference::ModelConfig& config) {
  const auto& model = config.name();
  if (state.input_name().empty() || state.output_name().empty()) {
    return InvalidArg("sequence batching state must have an input name and an output name for {}", model);
  }
  if (state.data_type() == inference::TYPE_INVALID) {
    return InvalidArg("sequence batching state '{}' must specify 'data_type' for {}", state.input_name(), model);
  }
  if (state.initial_state_size() > 1) {
    return InvalidArg("sequence batching state '{}' must have at most 1 'initial_state', got {} for {}",
                      state.input_name(), state.initial_state_size(), model);
  }
  if (!state.use_growable_memory()) return {};
  if (!state.use_same_buffer_for_input_output()) {
    return InvalidArg(
        "sequence batching state '{}' must set 'use_same_buffer_for_input_output' to set 'use_growable_memory' for {}",
        state.input_name(), model);
  }
  const bool on_gpu =
      std::all_of(config.instance_group().begin(), config.instance_group().end(),
                  [](const auto& group) { return group.kind() == inference::ModelInstanceGroup::KIND_GPU; });
  if (on_gpu) return {};
  return InvalidArg(
      "sequence batching state '{}': 'use_growable_memory' is only supported with KIND_GPU instances for {}",
      state.input_name(), model);
}

Status CheckInitial(const State& state, const InitialState& initial) {
  const std::string& name = state.input_name();
  if (initial.name().empty()) {
    return InvalidArg("Field 'name' must be set when using initial_state for state input '{}'.", name);
  }
  if (initial.data_type() != state.data_type()) {
    return InvalidArg("The data type used for 'initial_state' field of state '{}' does not match the state data type.",
                      name);
  }
  if (initial.dims_size() != state.dims_size()) {
    return InvalidArg(
        "Number of dimensions in 'initial_state' doesn't match the size of 'state' dimensions for state input '{}'. {} != "
        "{}",
        name, initial.dims_size(), state.dims_size());
  }
  for (int i = 0; i < initial.dims_size(); ++i) {
    if (initial.dims(i) < 0) {
      return InvalidArg("'initial_state' field for state input name '{}' contains variable dimensions.", name);
    }
    if (state.dims(i) != -1 && state.dims(i) != initial.dims(i)) {
      return InvalidArg("'initial_state' dim for input name '{}' doesn't match 'state' dim description. {} != {}", name,
                        initial.dims(i), state.dims(i));
    }
  }
  return {};
}

BufferRef BufferOf(std::string_view bytes) {
  BufferRef buffer = Buffer::Allocate(bytes.size());
  if (!bytes.empty()) std::memcpy(buffer->data(), bytes.data(), bytes.size());
  return buffer;
}

Expected<size_t> ByteSizeOf(const State& state, const Shape& dims) {
  const int64_t elements = ElementCount(dims);
  const size_t element = ZeroByteSize(state.data_type());
  if (elements >= 0 && static_cast<size_t>(elements) <= kMaxStateBytes / element) {
    return static_cast<size_t>(elements) * element;
  }
  return InvalidArg("sequence batching state '{}': expected at most {} bytes, got shape {}", state.input_name(),
                    kMaxStateBytes, ShapeText(dims));
}

Expected<std::string> InitialData(const State& state, const InitialState& initial, const Shape& dims,
                                  const std::string& model_folder) {
  ASSIGN_OR_RETURN(const size_t byte_size, ByteSizeOf(state, dims));
  switch (initial.state_data_case()) {
    case InitialState::kZeroData: return std::string(byte_size, '\0');
    case InitialState::kDataFile: {
      ASSIGN_OR_RETURN(std::string data,
                       ReadFile(model_folder + "/initial_state/" + initial.data_file(), kMaxStateBytes));
      if (state.data_type() == inference::TYPE_STRING) return data;
      if (data.size() < byte_size) {
        return InvalidArg("initial_state setting expects {} bytes, but the data provided from {} only has {} bytes",
                          byte_size, initial.data_file(), data.size());
      }
      data.resize(byte_size);
      return data;
    }
    default: return InvalidArg("initial_state setting expects state '{}' to have state_data set", state.input_name());
  }
}

Expected<StateSpec> ReadState(const State& state, const inference::ModelConfig& config,
                              const std::string& model_folder) {
  RETURN_IF_ERROR(CheckState(state, config));
  InitialState initial;
  if (state.initial_state_size() == 1) {
    initial = state.initial_state(0);
    RETURN_IF_ERROR(CheckInitial(state, initial));
  } else {
    initial.set_zero_data(true);
    for (const int64_t dim : state.dims()) initial.add_dims(std::max<int64_t>(dim, 1));
  }
  const Shape dims(initial.dims().begin(), initial.dims().end());
  ASSIGN_OR_RETURN(const std::string data, InitialData(state, initial, dims, model_folder));
  StateSpec spec;
  spec.input_name = state.input_name();
  spec.output_name = state.output_name();
  spec.datatype = static_cast<DataType>(state.data_type());  // the numbers are the same
  spec.in_place = state.use_same_buffer_for_input_output();
  spec.grows = state.use_growable_memory();
  if (config.max_batch_size() > 0) spec.initial_shape.push_back(1);
  spec.initial_shape.insert(spec.initial_shape.end(), dims.begin(), dims.end());
  spec.initial = BufferOf(data);
  return spec;
}

}  // namespace

Expected<std::vector<StateSpec>> ReadStateSpecs(const inference::ModelConfig& config, const std::string& model_folder) {
  std::vector<StateSpec> specs;
  for (const State& state : config.sequence_batching().state()) {
    ASSIGN_OR_RETURN(StateSpec spec, ReadState(state, config, model_folder));
    specs.push_back(std::move(spec));
  }
  return specs;
}

}  // namespace neso
