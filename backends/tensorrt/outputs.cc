#include "outputs.h"

#include <algorithm>

#include "engine.h"
#include "neso/backend/log.h"

namespace neso::tensorrt {

using backend::ManagedMemory;

void* Outputs::Allocator::reallocateOutputAsync(const char* name, void* /*current*/, uint64_t size,
                                                uint64_t /*alignment*/, cudaStream_t /*stream*/) {
  const Result<std::byte*> memory = Reserve(size);
  if (!memory) NESO_LOG_ERROR("output '", name, "': ", memory.status().message());
  return memory ? *memory : nullptr;
}

void Outputs::Allocator::notifyShape(const char* /*name*/, const nvinfer1::Dims& dims) noexcept {
  shape_ = ShapeOf(dims);
}

Outputs::Outputs(const Binding& binding, const GpuPtr& gpu, const backend::ModelConfig& config,
                 TRITONBACKEND_MemoryManager* manager)
    : gpu_(gpu), config_(config) {
  for (const BoundOutput& output : binding.outputs) {
    Slot& slot = slots_.emplace_back();
    slot.bound = output;
    slot.on_gpu = std::make_unique<Allocator>(gpu);
    slot.pinned = std::make_unique<ManagedMemory>(manager, backend::Place::Pinned());
  }
}

Status Outputs::Place(nvinfer1::IExecutionContext& context) {
  for (Slot& slot : slots_) {
    const EngineTensor& tensor = *slot.bound.tensor;
    const char* const name = tensor.engine_name.c_str();
    slot.shape = ShapeOf(context.getTensorShape(name));
    slot.is_open = std::ranges::find(slot.shape, -1) != slot.shape.end();
    if (!tensor.is_shape_tensor) {
      NESO_RETURN_IF_ERROR(PlaceOnGpu(context, slot));
      continue;
    }
    slot.values.assign(static_cast<size_t>(std::max<int64_t>(backend::ElementCount(slot.shape), 1)), 0);
    if (!context.setOutputTensorAddress(name, slot.values.data())) {
      return Status::Internal("output '", tensor.name, "': the engine does not take its address");
    }
  }
  return {};
}

Status Outputs::PlaceOnGpu(nvinfer1::IExecutionContext& context, Slot& slot) {
  const EngineTensor& tensor = *slot.bound.tensor;
  const char* const name = tensor.engine_name.c_str();
  // With memory that serves what came before, if the shape is not known yet: it may be large enough.
  NESO_ASSIGN_OR_RETURN(std::byte* const memory,
                        slot.on_gpu->Reserve(slot.is_open ? size_t{1} : tensor.ByteSize(slot.shape)));
  if (!context.setOutputAllocator(name, slot.is_open ? slot.on_gpu.get() : nullptr) ||
      !context.setTensorAddress(name, slot.is_open ? nullptr : memory)) {
    return Status::Internal("output '", tensor.name, "': the engine does not take its address");
  }
  return {};
}

bool Outputs::StaysOnGpu(const Slot& slot, std::span<const backend::Request> requests) const {
  if (slot.bound.is_state) return true;  // it comes back as an input
  return std::ranges::any_of(requests, [&](const backend::Request& request) {
    return request.PlaceOf(slot.bound.tensor->name.c_str()) == backend::Place::Gpu(gpu_->id());
  });
}

Status Outputs::Fetch(Stream& stream, std::span<const backend::Request> requests) {
  for (Slot& slot : slots_) {
    const EngineTensor& tensor = *slot.bound.tensor;
    if (tensor.is_shape_tensor) {
      slot.data = slot.values.data();
      slot.byte_size = slot.values.size() * sizeof(int64_t);
      slot.place = backend::Place::Cpu();
      continue;
    }
    if (slot.is_open) slot.shape = slot.on_gpu->shape();
    slot.byte_size = tensor.ByteSize(slot.shape);
    if (StaysOnGpu(slot, requests)) {
      slot.data = slot.on_gpu->memory();
      slot.place = backend::Place::Gpu(gpu_->id());
      continue;
    }
    Result<std::byte*> pinned = slot.pinned->Reserve(slot.byte_size);
    std::byte* const host = pinned ? *pinned : slot.unpinned.Reserve(slot.byte_size);
    NESO_RETURN_IF_ERROR(stream.Copy(host, slot.on_gpu->memory(), slot.byte_size));
    slot.data = host;
    slot.place = backend::Place::Cpu();
  }
  return {};
}

void Outputs::AddTo(backend::OutputResponder& responder) const {
  for (const Slot& slot : slots_) {
    const EngineTensor& tensor = *slot.bound.tensor;
    if (!tensor.is_shape_tensor) {
      const std::vector<int64_t>& shape = slot.bound.scalar_dims.empty() ? slot.shape : slot.bound.scalar_dims;
      responder.Add(tensor.name, tensor.datatype, shape, slot.data, slot.byte_size, slot.place);
      continue;
    }
    // The first value is the batch's, which is not the request's.
    const size_t skipped = config_.batches() && !slot.values.empty() ? 1 : 0;
    const std::vector<int64_t> shape = {static_cast<int64_t>(slot.values.size() - skipped)};
    responder.AddToEach(tensor.name, tensor.datatype, shape, slot.values.data() + skipped,
                        slot.byte_size - skipped * sizeof(int64_t));
  }
}

std::vector<std::vector<int64_t>> Outputs::shapes() const {
  std::vector<std::vector<int64_t>> shapes;
  for (const Slot& slot : slots_) shapes.push_back(slot.shape);
  return shapes;
}

bool Outputs::are_open() const { return std::ranges::any_of(slots_, &Slot::is_open); }

std::vector<const void*> Outputs::buffers() const {
  std::vector<const void*> buffers;
  for (const Slot& slot : slots_) buffers.push_back(slot.on_gpu->memory());
  return buffers;
}

void Outputs::set_shapes(const std::vector<std::vector<int64_t>>& shapes) {
  for (size_t i = 0; i < slots_.size(); ++i) {
    slots_[i].shape = shapes[i];
    slots_[i].is_open = false;
  }
}

}  // namespace neso::tensorrt
