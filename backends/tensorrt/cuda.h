// What running on a GPU asks of CUDA's driver, which is opened at run time.
//
//   NESO_ASSIGN_OR_RETURN(const std::shared_ptr<Gpu> gpu, Gpu::Of(device_id));
//   const Gpu::Current current(*gpu);                       // for everything below, and for TensorRT's own calls
//   NESO_ASSIGN_OR_RETURN(const Stream stream, Stream::Make(gpu, 0));
//   DeviceBuffer buffer(gpu);
//   NESO_ASSIGN_OR_RETURN(std::byte* const memory, buffer.Reserve(byte_size));
//
// Source: CUDA driver API.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "neso/backend/status.h"

namespace neso::tensorrt {

using backend::Result;
using backend::Status;

// The driver's functions; all return 0 for success. Types are the library's, under our names.
struct CudaFunctions {
  using Address = unsigned long long;

  int (*initialize)(unsigned flags);
  int (*error_string)(int result, const char** text);
  int (*device)(int* device, int ordinal);
  int (*device_attribute)(int* value, int attribute, int device);
  int (*retain_primary_context)(void** context, int device);
  int (*release_primary_context)(int device);
  int (*push_context)(void* context);
  int (*pop_context)(void** context);
  int (*allocate)(Address* address, size_t bytes);
  int (*free)(Address address);
  int (*create_stream)(void** stream, unsigned flags, int priority);
  int (*destroy_stream)(void* stream);
  int (*priority_range)(int* least, int* greatest);
  int (*copy)(Address to, Address from, size_t bytes, void* stream);
  int (*synchronize)(void* stream);
  int (*begin_capture)(void* stream, int mode);
  int (*end_capture)(void* stream, void** graph);
  int (*instantiate_graph)(void** executable, void* graph, unsigned long long flags);
  int (*launch_graph)(void* executable, void* stream);
  int (*destroy_executable)(void* executable);
  int (*destroy_graph)(void* graph);
};

// One GPU, whose primary context is there as long as this is. Thread-safe.
class Gpu {
 public:
  // UNAVAILABLE, with the reason, without a driver or without that GPU.
  static Result<std::shared_ptr<Gpu>> Of(int32_t device_id);
  Gpu(const CudaFunctions& functions, int device, int32_t id) : functions_(functions), device_(device), id_(id) {}
  ~Gpu();
  Gpu(const Gpu&) = delete;
  Gpu& operator=(const Gpu&) = delete;

  // Makes it the calling thread's; leaves the thread as it was.
  class Current {
   public:
    explicit Current(const Gpu& gpu) : functions_(gpu.functions_) { (void)functions_.push_context(gpu.context_); }
    ~Current() {
      void* context = nullptr;
      (void)functions_.pop_context(&context);
    }
    Current(const Current&) = delete;
    Current& operator=(const Current&) = delete;

   private:
    const CudaFunctions& functions_;
  };

  const CudaFunctions& functions() const { return functions_; }
  int32_t id() const { return id_; }
  // As `cc_model_filenames` calls it: "9.0".
  Result<std::string> ComputeCapability() const;
  // INTERNAL with the driver's words if `result` is none of success.
  Status Check(int result, std::string_view what) const;

 private:
  const CudaFunctions& functions_;
  const int device_;
  const int32_t id_;
  void* context_ = nullptr;
};
using GpuPtr = std::shared_ptr<Gpu>;

// What follows is made, used and destroyed while its GPU is current. Thread-compatible.

enum class StreamPriority { kDefault, kLowest, kHighest };

class Stream {
 public:
  static Result<std::unique_ptr<Stream>> Make(const GpuPtr& gpu, StreamPriority priority);
  ~Stream() { (void)gpu_->functions().destroy_stream(handle_); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  void* handle() const { return handle_; }
  // From and to wherever the driver knows memory. Host memory must stay as it is until Wait().
  Status Copy(void* to, const void* from, size_t byte_size);
  // For all that was given to it; its errors come out here.
  Status Wait();

 private:
  Stream(GpuPtr gpu, void* handle) : gpu_(std::move(gpu)), handle_(handle) {}

  const GpuPtr gpu_;
  void* const handle_;
};

// Memory of a GPU that grows and is used again; aligned to 256 bytes, as the driver does it.
class DeviceBuffer {
 public:
  explicit DeviceBuffer(GpuPtr gpu) : gpu_(std::move(gpu)) {}
  ~DeviceBuffer() { Release(); }
  DeviceBuffer(const DeviceBuffer&) = delete;
  DeviceBuffer& operator=(const DeviceBuffer&) = delete;

  // Memory for `size` bytes, contents undefined, never null; the last one becomes invalid. INTERNAL if there is none.
  Result<std::byte*> Reserve(size_t size);
  // What Reserve() said last; null before.
  std::byte* memory() const { return memory_; }

 private:
  void Release();

  const GpuPtr gpu_;
  std::byte* memory_ = nullptr;
  size_t capacity_ = 0;
};

// What a stream was given while it was captured, to be given to it again at once.
class CudaGraph {
 public:
  // `record` gives `stream` its work, and says whether that went well.
  template <typename Record>
  static Result<std::unique_ptr<CudaGraph>> Capture(const GpuPtr& gpu, Stream& stream, const Record& record) {
    NESO_RETURN_IF_ERROR(Begin(*gpu, stream));
    const bool recorded = record();
    return End(gpu, stream, recorded);
  }
  ~CudaGraph() { (void)gpu_->functions().destroy_executable(executable_); }
  CudaGraph(const CudaGraph&) = delete;
  CudaGraph& operator=(const CudaGraph&) = delete;

  Status Launch(Stream& stream) const;

 private:
  CudaGraph(GpuPtr gpu, void* executable) : gpu_(std::move(gpu)), executable_(executable) {}
  static Status Begin(const Gpu& gpu, Stream& stream);
  static Result<std::unique_ptr<CudaGraph>> End(const GpuPtr& gpu, Stream& stream, bool recorded);

  const GpuPtr gpu_;
  void* const executable_;
};

}  // namespace neso::tensorrt
