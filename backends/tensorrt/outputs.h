// The outputs of an execution on their way from the engine.
//
//   NESO_RETURN_IF_ERROR(outputs.Place(context));
//   context.enqueueV3(...)
//   NESO_RETURN_IF_ERROR(outputs.Fetch(stream, execution.requests()));
//   ...wait for the stream...
//   outputs.AddTo(responder);
#pragma once

#include <NvInferRuntime.h>

#include <memory>
#include <span>
#include <vector>

#include "binding.h"
#include "cuda.h"
#include "neso/backend/responder.h"
#include "neso/backend/staging_buffer.h"

namespace neso::tensorrt {

// Confined to the instance that owns it. Its GPU is current.
class Outputs {
 public:
  // `config` and what `binding` views outlive it. `manager` has pinned memory, as far as there is any.
  Outputs(const Binding& binding, const GpuPtr& gpu, const backend::ModelConfig& config,
          TRITONBACKEND_MemoryManager* manager);

  // Tells the context where to write, when all inputs have their shapes. An output whose shape only the execution tells
  // gets its memory then.
  Status Place(nvinfer1::IExecutionContext& context);
  // What has been given to a context by Place() is in the memory that it says, when `stream` has come so far: copies it
  // to the host, once, unless a client wants it on this GPU, or it is a state.
  Status Fetch(Stream& stream, std::span<const backend::Request> requests);
  // For a graph that is launched in a context's stead later on: the shapes that Place() found, whether one of them was
  // open, and where the engine writes.
  std::vector<std::vector<int64_t>> shapes() const;
  bool are_open() const;
  std::vector<const void*> buffers() const;
  void set_shapes(const std::vector<std::vector<int64_t>>& shapes);
  // When the stream is done.
  void AddTo(backend::OutputResponder& responder) const;

 private:
  // Memory for an output that grows while the engine runs.
  class Allocator final : public nvinfer1::IOutputAllocator {
   public:
    explicit Allocator(const GpuPtr& gpu) : buffer_(gpu) {}
    void* reallocateOutputAsync(const char* name, void* current, uint64_t size, uint64_t alignment,
                                cudaStream_t stream) override;
    void notifyShape(const char* name, const nvinfer1::Dims& dims) noexcept override;

    Result<std::byte*> Reserve(size_t size) { return buffer_.Reserve(size); }
    std::byte* memory() const { return buffer_.memory(); }
    const std::vector<int64_t>& shape() const { return shape_; }

   private:
    DeviceBuffer buffer_;
    std::vector<int64_t> shape_;
  };

  struct Slot {
    BoundOutput bound;
    std::unique_ptr<Allocator> on_gpu;
    std::unique_ptr<backend::ManagedMemory> pinned;
    backend::StagingBuffer unpinned;  // where the manager has no more
    std::vector<int64_t> values;      // of a shape tensor, which the engine writes on the host
    bool is_open = false;             // its shape is known when the engine has run
    std::vector<int64_t> shape;
    const void* data = nullptr;
    size_t byte_size = 0;
    backend::Place place;
  };

  Status PlaceOnGpu(nvinfer1::IExecutionContext& context, Slot& slot);
  bool StaysOnGpu(const Slot& slot, std::span<const backend::Request> requests) const;

  const GpuPtr gpu_;
  const backend::ModelConfig& config_;
  std::vector<Slot> slots_;
};

}  // namespace neso::tensorrt
