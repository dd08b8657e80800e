#include "frontend/shared_memory/shared_tensors.h"

namespace neso {

Status SharedTensors::AddInput(InferenceRequest& request, std::string_view input, const SharedTensor& tensor) {
  ASSIGN_OR_RETURN(RegionSlice slice,
                   regions_.Find(tensor.region, {.offset = tensor.offset, .byte_size = tensor.byte_size}));
  if (slice.byte_size == 0) return {};
  const RegionMemory& memory = slice.region->memory();
  BufferAttributes attributes;
  attributes.byte_size = slice.byte_size;
  attributes.memory_type = memory.type;
  attributes.memory_type_id = memory.device_id;
  attributes.cuda_ipc_handle = memory.cuda_ipc_handle;
  RETURN_IF_ERROR(request.AppendInputData(input, slice.base, attributes));
  inputs_.push_back(std::move(slice.region));
  uses_.push_back(std::move(slice.use));
  return {};
}

Status SharedTensors::AddOutput(std::string_view output, const SharedTensor& tensor) {
  ASSIGN_OR_RETURN(RegionSlice slice,
                   regions_.Find(tensor.region, {.offset = tensor.offset, .byte_size = tensor.byte_size}));
  uses_.push_back(std::move(slice.use));
  outputs_.emplace_back(output, std::move(slice));
  index_.Update(std::span(outputs_), &Placed::first);
  return {};
}

Status SharedTensors::CheckIntact() const {
  for (const std::shared_ptr<Region>& region : inputs_) RETURN_IF_ERROR(region->CheckIntact());
  for (const auto& [unused, slice] : outputs_) RETURN_IF_ERROR(slice.region->CheckIntact());
  return {};
}

Status PlaceOutput(const RegionSlice& slice, std::string_view output, size_t byte_size, const OutputPlace& place) {
  if (byte_size > slice.byte_size) {
    return Internal(
        "shared memory size specified with the request for output '{}' ({} bytes) should be at least {} bytes to hold "
        "the results",
        output, slice.byte_size, byte_size);
  }
  const RegionMemory& memory = slice.region->memory();
  *place.buffer = slice.base;
  *place.memory_type = static_cast<TRITONSERVER_MemoryType>(memory.type);
  *place.memory_type_id = memory.device_id;
  return {};
}

}  // namespace neso
