// The inputs of an execution on their way to the engine.
//
//   NESO_RETURN_IF_ERROR(inputs.Collect(execution));
//   ...inputs.extents() says which profile...
//   NESO_RETURN_IF_ERROR(inputs.Give(context, stream, false));
#pragma once

#include <NvInferRuntime.h>

#include <span>
#include <vector>

#include "binding.h"
#include "cuda.h"
#include "neso/backend/collector.h"
#include "neso/backend/execution.h"
#include "profiles.h"

namespace neso::tensorrt {

// Confined to the instance that owns it. Its GPU is current.
class Inputs {
 public:
  // `collector` and what `binding` views outlive it.
  Inputs(const Binding& binding, const GpuPtr& gpu, backend::InputCollector& collector);

  // Gathers those of all requests, where they lie. INVALID_ARG if one is missing or does not fit the others.
  Status Collect(backend::Execution& execution);
  // Of what was collected, in the engine's order.
  std::span<const InputExtent> extents() const { return extents_; }

  // Tells the context shapes and addresses; what does not lie on the GPU is copied there on `stream`, once. `to_own`: to
  // the buffers of this object in any case, where a graph expects it. Errors: INVALID_ARG for a shape that the context
  // does not take, INTERNAL.
  Status Give(nvinfer1::IExecutionContext& context, Stream& stream, bool to_own);
  // For recording a graph: shapes and addresses of own buffers that hold `capacities` bytes, or more.
  Status Prepare(nvinfer1::IExecutionContext& context, std::span<const std::vector<int64_t>> shapes,
                 std::span<const size_t> capacities);
  // Where they are now.
  std::vector<const void*> buffers() const;

 private:
  struct Slot {
    BoundInput bound;
    std::unique_ptr<DeviceBuffer> buffer;
    const backend::BatchTensor* tensor = nullptr;  // null: a shape tensor
    std::vector<int64_t> shape;
    std::vector<int64_t> values;         // of a shape tensor
    std::vector<std::byte> value_bytes;  // the same as the engine wants them
  };

  Status CollectTensor(Slot& slot, backend::Execution& execution);
  static Status CollectValues(Slot& slot, backend::Execution& execution);
  Result<const void*> AddressOf(Slot& slot, Stream& stream, bool to_own) const;

  const GpuPtr gpu_;
  backend::InputCollector& collector_;
  std::vector<Slot> slots_;
  std::vector<InputExtent> extents_;
};

}  // namespace neso::tensorrt
