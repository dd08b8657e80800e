#include "inputs.h"

#include <cstring>

#include "engine.h"

namespace neso::tensorrt {
namespace {

using backend::BatchTensor;
using backend::Execution;
using backend::Place;

// What TensorRT expects of addresses.
constexpr uintptr_t kAlignment = 256;

bool IsAligned(const void* memory) { return reinterpret_cast<uintptr_t>(memory) % kAlignment == 0; }

int64_t ValueAt(std::span<const std::byte> bytes, size_t index, bool is_wide) {
  if (is_wide) {
    int64_t value = 0;
    std::memcpy(&value, bytes.data() + index * sizeof(value), sizeof(value));
    return value;
  }
  int32_t value = 0;
  std::memcpy(&value, bytes.data() + index * sizeof(value), sizeof(value));
  return value;
}

std::vector<std::byte> BytesOf(const std::vector<int64_t>& values, bool is_wide) {
  const size_t size = is_wide ? sizeof(int64_t) : sizeof(int32_t);
  std::vector<std::byte> bytes(std::max<size_t>(values.size(), 1) * size);
  for (size_t i = 0; i < values.size(); ++i) {
    const auto narrow = static_cast<int32_t>(values[i]);
    std::memcpy(bytes.data() + i * size, is_wide ? static_cast<const void*>(&values[i]) : &narrow, size);
  }
  return bytes;
}

}  // namespace

Inputs::Inputs(const Binding& binding, const GpuPtr& gpu, backend::InputCollector& collector)
    : gpu_(gpu), collector_(collector), extents_(binding.inputs.size()) {
  for (const BoundInput& input : binding.inputs) {
    Slot& slot = slots_.emplace_back();
    slot.bound = input;
    slot.buffer = std::make_unique<DeviceBuffer>(gpu);
  }
}

Status Inputs::Collect(Execution& execution) {
  for (size_t i = 0; i < slots_.size(); ++i) {
    Slot& slot = slots_[i];
    NESO_RETURN_IF_ERROR(slot.bound.tensor->is_shape_tensor ? CollectValues(slot, execution)
                                                            : CollectTensor(slot, execution));
    extents_[i] = {slot.shape, slot.values};
  }
  return {};
}

Status Inputs::CollectTensor(Slot& slot, Execution& execution) {
  const EngineTensor& tensor = *slot.bound.tensor;
  NESO_ASSIGN_OR_RETURN(slot.tensor, slot.bound.batch_input == nullptr
                                         ? collector_.Collect(tensor.name, execution.requests())
                                         : collector_.CollectBatchInput(*slot.bound.batch_input, execution.requests()));
  if (slot.tensor == nullptr) return Status::InvalidArg("input '", tensor.name, "' is needed by the model");
  slot.shape = slot.tensor->shape;
  if (tensor.shape.empty()) slot.shape.clear();  // ones in the configuration, no dimension in the engine
  return {};
}

// Requests of one batch have the same values.
Status Inputs::CollectValues(Slot& slot, Execution& execution) {
  const EngineTensor& tensor = *slot.bound.tensor;
  NESO_ASSIGN_OR_RETURN(const backend::Input input, execution.requests().front().input(tensor.name.c_str()));
  const bool is_wide = tensor.datatype == TRITONSERVER_TYPE_INT64;
  const auto count = static_cast<size_t>(std::max<int64_t>(backend::ElementCount(input.shape), 0));
  std::span<const std::byte> bytes;
  if (count > 0) {
    NESO_ASSIGN_OR_RETURN(const backend::InputPiece piece, input.Piece(0));
    bytes = piece.bytes;
    if (input.buffer_count != 1 || piece.place.on_gpu() || bytes.size() != count * backend::ByteSize(tensor.datatype)) {
      return Status::InvalidArg("shape tensor for input '", tensor.name,
                                "' must be in single contiguous buffer on CPU");
    }
  }
  slot.values.clear();
  if (execution.config().batches()) slot.values.push_back(execution.batch_size());
  for (size_t i = 0; i < count; ++i) slot.values.push_back(ValueAt(bytes, i, is_wide));
  slot.value_bytes = BytesOf(slot.values, is_wide);
  slot.shape.clear();
  if (!tensor.shape.empty()) slot.shape.push_back(static_cast<int64_t>(slot.values.size()));
  return {};
}

Status Inputs::Give(nvinfer1::IExecutionContext& context, Stream& stream, bool to_own) {
  for (Slot& slot : slots_) {
    const EngineTensor& tensor = *slot.bound.tensor;
    NESO_ASSIGN_OR_RETURN(const nvinfer1::Dims dims, DimsOf(tensor.name, slot.shape));
    NESO_ASSIGN_OR_RETURN(const void* const address, AddressOf(slot, stream, to_own));
    if (to_own) continue;  // the graph knows shapes and addresses
    if (!context.setInputShape(tensor.engine_name.c_str(), dims)) {
      return Status::InvalidArg("input '", tensor.name, "': the engine does not take shape ",
                                backend::ShapeText(slot.shape), " with the optimization profile ",
                                context.getOptimizationProfile());
    }
    if (!context.setInputTensorAddress(tensor.engine_name.c_str(), address)) {
      return Status::Internal("input '", tensor.name, "': the engine does not take its address");
    }
  }
  return {};
}

Result<const void*> Inputs::AddressOf(Slot& slot, Stream& stream, bool to_own) const {
  if (slot.tensor == nullptr) return static_cast<const void*>(slot.value_bytes.data());
  const BatchTensor& tensor = *slot.tensor;
  // The engine reads as many as its format wants, which are more than elements where these stand in vectors.
  const size_t needed = slot.bound.tensor->ByteSize(slot.shape);
  if (tensor.byte_size < needed) {
    return Status::InvalidArg("input '", slot.bound.tensor->name, "': expected ", needed, " bytes for shape ",
                              backend::ShapeText(slot.shape), ", got ", tensor.byte_size);
  }
  const bool is_there = tensor.place == Place::Gpu(gpu_->id()) && tensor.byte_size > 0;
  if (is_there && !to_own && IsAligned(tensor.data)) return static_cast<const void*>(tensor.data);
  NESO_ASSIGN_OR_RETURN(std::byte* const memory, slot.buffer->Reserve(tensor.byte_size));
  NESO_RETURN_IF_ERROR(stream.Copy(memory, tensor.data, tensor.byte_size));
  return static_cast<const void*>(memory);
}

Status Inputs::Prepare(nvinfer1::IExecutionContext& context, std::span<const std::vector<int64_t>> shapes,
                       std::span<const size_t> capacities) {
  for (size_t i = 0; i < slots_.size(); ++i) {
    const EngineTensor& tensor = *slots_[i].bound.tensor;
    NESO_ASSIGN_OR_RETURN(std::byte* const memory, slots_[i].buffer->Reserve(capacities[i]));
    NESO_ASSIGN_OR_RETURN(const nvinfer1::Dims dims, DimsOf(tensor.name, shapes[i]));
    if (!context.setInputShape(tensor.engine_name.c_str(), dims) ||
        !context.setInputTensorAddress(tensor.engine_name.c_str(), memory)) {
      return Status::InvalidArg("input '", tensor.name, "': the engine does not take shape ",
                                backend::ShapeText(shapes[i]));
    }
  }
  return {};
}

std::vector<const void*> Inputs::buffers() const {
  std::vector<const void*> buffers;
  for (const Slot& slot : slots_) buffers.push_back(slot.buffer->memory());
  return buffers;
}

}  // namespace neso::tensorrt
