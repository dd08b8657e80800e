// Makes one tensor of an input of all requests in a batch.
//
//   InputCollector collector(model().config());     // kept from one batch to the next; instances have one: collector()
//   NESO_ASSIGN_OR_RETURN(const BatchTensor* image, collector.Collect("IMAGE", execution.requests()));
//   Run(image->shape, image->data);
//
// The input of a single request, in one piece and aligned, is not copied: the tensor is the memory that the network
// wrote. Anything else is gathered, once, into a buffer that later executions use again; also what lies on a GPU, unless
// the collector is told of memory there.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "neso/backend/config.h"
#include "neso/backend/memory.h"
#include "neso/backend/request.h"
#include "neso/backend/staging_buffer.h"
#include "neso/backend/status.h"

namespace neso::backend {

struct BatchTensor {
  DataType datatype = TRITONSERVER_TYPE_INVALID;
  std::vector<int64_t> shape;  // [batch, dims...]; ragged: [elements]; as in the request if the model does not batch
  const std::byte* data = nullptr;  // aligned for its type; nullptr for 0 bytes
  size_t byte_size = 0;
  bool copied = false;
  Place place;
};

// Confined to the instance that owns it. Tensors stay valid until their input is collected again or the requests are
// released, whichever comes first.
class InputCollector {
 public:
  // `config` outlives the collector. `alignment` (a power of two, at most 64): what the framework wants beyond the
  // element's own.
  explicit InputCollector(const ModelConfig& config, size_t alignment = 1) : config_(config), alignment_(alignment) {}

  // From now on tensors lie on GPU `id` when an input of the batch does, and else in pinned memory of the host where the
  // model wants that, as far as `manager` has any.
  void UseGpu(int64_t id, TRITONBACKEND_MemoryManager* manager) {
    gpu_ = Place::Gpu(id);
    manager_ = manager;
  }

  // Inputs of the configuration, and control and state inputs, which requests carry as well. nullptr if no request has
  // the input (it is optional then). INVALID_ARG if only some have it or their shapes do not match.
  Result<const BatchTensor*> Collect(std::string_view name, std::span<Request> requests) {
    Slot& slot = FindSlot(name);
    NESO_RETURN_IF_ERROR(SetInputs(slot, requests));
    if (slot.inputs.empty()) return static_cast<const BatchTensor*>(nullptr);
    NESO_RETURN_IF_ERROR(SetShape(slot));
    NESO_RETURN_IF_ERROR(SetData(slot));
    return static_cast<const BatchTensor*>(&slot.tensor);
  }

  // The same in memory of the caller's: `allocate` is told datatype, shape and size of the tensor and says where its bytes are to
  // be copied, or nullptr if it has no memory. nullptr if no request has the input.
  template <typename Allocate>
  Result<const BatchTensor*> CollectInto(std::string_view name, std::span<Request> requests, const Allocate& allocate) {
    Slot& slot = FindSlot(name);
    NESO_RETURN_IF_ERROR(SetInputs(slot, requests));
    if (slot.inputs.empty()) return static_cast<const BatchTensor*>(nullptr);
    NESO_RETURN_IF_ERROR(SetShape(slot));
    BatchTensor& tensor = slot.tensor;
    tensor.byte_size = ByteSizeOf(slot);
    tensor.place = Place::Cpu();
    tensor.copied = true;
    std::byte* const to = allocate(std::as_const(tensor));
    tensor.data = to;
    if (tensor.byte_size == 0) return static_cast<const BatchTensor*>(&tensor);
    if (to == nullptr) return Status::Unavailable("input '", name, "': no memory for ", tensor.byte_size, " bytes");
    NESO_RETURN_IF_ERROR(CopyInputs(slot, to));
    return static_cast<const BatchTensor*>(&tensor);
  }

  // A tensor of the configuration's `batch_input`; it has every name in `batch_input.targets`.
  Result<const BatchTensor*> CollectBatchInput(const BatchInputConfig& batch_input, std::span<Request> requests);

 private:
  struct Slot {
    std::string name;
    bool optional = false;
    bool ragged = false;
    StagingBuffer staging;
    std::unique_ptr<ManagedMemory> pinned, on_gpu;
    BatchTensor tensor;
    std::vector<Input> inputs;  // of the present batch; kept for its capacity
  };

  Slot& FindSlot(std::string_view name) {
    for (const std::unique_ptr<Slot>& slot : slots_) {
      if (slot->name == name) return *slot;
    }
    auto slot = std::make_unique<Slot>();
    slot->name = name;
    if (const TensorConfig* input = config_.FindInput(name)) {
      slot->optional = input->optional;
      slot->ragged = input->ragged;
    }
    return *slots_.emplace_back(std::move(slot));
  }

  // Those of all requests, or of none.
  Status SetInputs(Slot& slot, std::span<Request> requests) const {
    if (requests.size() > 1 && !config_.batches()) {
      return Status::Internal("model '", config_.name, "' does not batch, got ", requests.size(), " requests");
    }
    slot.inputs.clear();
    size_t missing = 0;
    for (const Request& request : requests) {
      Result<Input> input = request.input(slot.name.c_str());
      if (input) {
        slot.inputs.push_back(*input);
      } else if (slot.optional) {
        ++missing;
      } else {
        return input.TakeStatus();
      }
    }
    if (missing == 0 || slot.inputs.empty()) return {};
    return Status::InvalidArg("input '", slot.name, "': ", missing, " requests of a batch do not have it");
  }

  static size_t ByteSizeOf(const Slot& slot) {
    size_t total = 0;
    for (const Input& input : slot.inputs) total += input.byte_size;
    return total;
  }

  static Status CopyInputs(const Slot& slot, std::byte* to) {
    for (const Input& input : slot.inputs) {
      NESO_RETURN_IF_ERROR(input.CopyTo({to, input.byte_size}, slot.tensor.place));
      to += input.byte_size;
    }
    return {};
  }

  Status SetShape(Slot& slot) const {
    const Input& first = slot.inputs.front();
    slot.tensor.datatype = first.datatype;
    std::vector<int64_t>& shape = slot.tensor.shape;
    if (slot.ragged && config_.batches()) {
      shape.assign(1, 0);
      for (const Input& input : slot.inputs) shape[0] += ElementCount(input.shape);
      return {};
    }
    shape.assign(first.shape.begin(), first.shape.end());
    for (size_t i = 1; i < slot.inputs.size(); ++i) {
      const std::span<const int64_t> other = slot.inputs[i].shape;
      if (shape.empty() || other.size() != shape.size() ||
          !std::equal(other.begin() + 1, other.end(), shape.begin() + 1)) {
        return Status::InvalidArg("input '", slot.name, "': shapes ", ShapeText(first.shape), " and ", ShapeText(other),
                                  " cannot be batched");
      }
      shape[0] += other[0];
    }
    return {};
  }

  Status SetData(Slot& slot) const {
    const size_t total = ByteSizeOf(slot);
    uint32_t pieces = 0;
    for (const Input& input : slot.inputs) pieces += input.buffer_count;
    BatchTensor& tensor = slot.tensor;
    tensor.byte_size = total;
    tensor.copied = false;
    tensor.data = nullptr;
    tensor.place = Place::Cpu();
    if (total == 0) return {};
    if (slot.inputs.size() == 1 && pieces == 1) {
      NESO_ASSIGN_OR_RETURN(const InputPiece piece, slot.inputs[0].Piece(0));
      if (piece.bytes.size() != total) return Status::Internal("input '", slot.name, "' has fewer bytes than expected");
      const bool is_string = tensor.datatype == TRITONSERVER_TYPE_BYTES;
      const bool is_in_reach = !piece.place.on_gpu() || (manager_ != nullptr && piece.place == gpu_ && !is_string);
      if (is_in_reach && IsAligned(piece.bytes.data(), tensor.datatype)) {
        tensor.data = piece.bytes.data();
        tensor.place = piece.place;
        return {};
      }
    }
    NESO_ASSIGN_OR_RETURN(std::byte* const staging, Stage(slot, total));
    NESO_RETURN_IF_ERROR(CopyInputs(slot, staging));
    tensor.data = staging;
    tensor.copied = true;
    return {};
  }

  // Memory for the batch, and its place in the tensor. Where the manager has none left, the host's own does.
  Result<std::byte*> Stage(Slot& slot, size_t total) const {
    if (manager_ != nullptr) {
      NESO_ASSIGN_OR_RETURN(const bool on_gpu, IsOnGpu(slot));
      if (!on_gpu && !config_.pins_inputs) return slot.staging.Reserve(total);
      std::unique_ptr<ManagedMemory>& managed = on_gpu ? slot.on_gpu : slot.pinned;
      if (managed == nullptr) managed = std::make_unique<ManagedMemory>(manager_, on_gpu ? gpu_ : Place::Pinned());
      if (const Result<std::byte*> memory = managed->Reserve(total)) {
        slot.tensor.place = managed->place();
        return *memory;
      }
    }
    return slot.staging.Reserve(total);
  }

  // Whether a part of the batch is there already. Strings are always read by the CPU.
  Result<bool> IsOnGpu(const Slot& slot) const {
    if (slot.tensor.datatype == TRITONSERVER_TYPE_BYTES) return false;
    for (const Input& input : slot.inputs) {
      for (uint32_t i = 0; i < input.buffer_count; ++i) {
        NESO_ASSIGN_OR_RETURN(const InputPiece piece, input.Piece(i));
        if (piece.place.on_gpu()) return true;
      }
    }
    return false;
  }

  bool IsAligned(const std::byte* data, DataType datatype) const {
    const size_t needed = std::max({alignment_, ByteSize(datatype), size_t{1}});
    return reinterpret_cast<uintptr_t>(data) % needed == 0;
  }

  const ModelConfig& config_;
  const size_t alignment_;
  Place gpu_;
  TRITONBACKEND_MemoryManager* manager_ = nullptr;  // null: tensors lie in the host's memory
  std::vector<std::unique_ptr<Slot>> slots_;        // few: found by comparing names
};

namespace internal {

// The shape and the values of a batch input.
struct BatchInputValues {
  std::vector<int64_t> shape;
  std::vector<int64_t> values;
};

inline BatchInputValues ComputeBatchInput(BatchInputConfig::Kind kind,
                                          std::span<const std::span<const int64_t>> shapes) {
  using Kind = BatchInputConfig::Kind;
  BatchInputValues result;
  std::vector<int64_t>& values = result.values;
  int64_t accumulated = 0;
  int64_t largest = 0;
  int64_t rank = 0;
  if (kind == Kind::kAccumulatedElementCountWithZero) values.push_back(0);
  for (const std::span<const int64_t> shape : shapes) {
    const int64_t count = ElementCount(shape);
    accumulated += count;
    largest = std::max(largest, count);
    switch (kind) {
      case Kind::kElementCount: values.push_back(count); break;
      case Kind::kAccumulatedElementCount:
      case Kind::kAccumulatedElementCountWithZero: values.push_back(accumulated); break;
      case Kind::kMaxElementCountAsShape: break;
      case Kind::kItemShape:
      case Kind::kItemShapeFlatten: {
        const std::span<const int64_t> item = shape.empty() ? shape : shape.subspan(1);
        rank = static_cast<int64_t>(item.size());
        for (int64_t i = 0; i < (shape.empty() ? 1 : shape[0]); ++i) {
          values.insert(values.end(), item.begin(), item.end());
        }
        break;
      }
    }
  }
  const auto size = static_cast<int64_t>(values.size());
  if (kind == Kind::kMaxElementCountAsShape) {
    values.assign(static_cast<size_t>(largest), 0);
    result.shape = {largest};
  } else if (kind == Kind::kItemShape) {
    result.shape = {rank > 0 ? size / rank : 0, rank};
  } else {
    result.shape = {size};
  }
  return result;
}

}  // namespace internal

inline Result<const BatchTensor*> InputCollector::CollectBatchInput(const BatchInputConfig& batch_input,
                                                                    std::span<Request> requests) {
  if (batch_input.datatype != TRITONSERVER_TYPE_INT32 && batch_input.datatype != TRITONSERVER_TYPE_FP32) {
    return Status::InvalidArg("batch input of '", batch_input.source, "': expected TYPE_INT32 or TYPE_FP32, got ",
                              ConfigName(batch_input.datatype));
  }
  std::vector<std::span<const int64_t>> shapes;
  for (const Request& request : requests) {
    NESO_ASSIGN_OR_RETURN(const Input source, request.input(batch_input.source.c_str()));
    shapes.push_back(source.shape);
  }
  internal::BatchInputValues computed = internal::ComputeBatchInput(batch_input.kind, shapes);

  Slot& slot = FindSlot(batch_input.targets.empty() ? batch_input.source : batch_input.targets[0]);
  slot.tensor.datatype = batch_input.datatype;
  slot.tensor.shape = std::move(computed.shape);
  slot.tensor.byte_size = computed.values.size() * 4;
  slot.tensor.copied = true;
  slot.tensor.place = Place::Cpu();
  std::byte* to = slot.staging.Reserve(slot.tensor.byte_size);
  slot.tensor.data = to;
  for (const int64_t value : computed.values) {
    const uint32_t bits = batch_input.datatype == TRITONSERVER_TYPE_INT32
                              ? static_cast<uint32_t>(static_cast<int32_t>(value))
                              : std::bit_cast<uint32_t>(static_cast<float>(value));
    std::memcpy(to, &bits, sizeof(bits));
    to += sizeof(bits);
  }
  return static_cast<const BatchTensor*>(&slot.tensor);
}

}  // namespace neso::backend
