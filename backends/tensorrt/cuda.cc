#include "cuda.h"

#include <dlfcn.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <mutex>
#include <utility>

#include "neso/library_functions.h"

namespace neso::tensorrt {
namespace {

// CUDA's numbers.
constexpr int kComputeCapabilityMajor = 75;
constexpr int kComputeCapabilityMinor = 76;
constexpr unsigned kNonBlockingStream = 1;
constexpr int kCaptureThreadLocal = 1;

CudaFunctions::Address AddressOf(const void* memory) { return reinterpret_cast<CudaFunctions::Address>(memory); }

std::string TextOf(const CudaFunctions& functions, int result) {
  const char* text = nullptr;
  if (functions.error_string(result, &text) != 0 || text == nullptr) return "error " + std::to_string(result);
  return text;
}

// Null, or the name of the function that is missing.
const char* FindAll(void* library, CudaFunctions& found) {
  LibraryFunctions functions(library);
  functions.Find(found.initialize, "cuInit");
  functions.Find(found.error_string, "cuGetErrorString");
  functions.Find(found.device, "cuDeviceGet");
  functions.Find(found.device_attribute, "cuDeviceGetAttribute");
  functions.Find(found.retain_primary_context, "cuDevicePrimaryCtxRetain");
  functions.Find(found.release_primary_context, "cuDevicePrimaryCtxRelease_v2");
  functions.Find(found.push_context, "cuCtxPushCurrent_v2");
  functions.Find(found.pop_context, "cuCtxPopCurrent_v2");
  functions.Find(found.allocate, "cuMemAlloc_v2");
  functions.Find(found.free, "cuMemFree_v2");
  functions.Find(found.create_stream, "cuStreamCreateWithPriority");
  functions.Find(found.destroy_stream, "cuStreamDestroy_v2");
  functions.Find(found.priority_range, "cuCtxGetStreamPriorityRange");
  functions.Find(found.copy, "cuMemcpyAsync");
  functions.Find(found.synchronize, "cuStreamSynchronize");
  functions.Find(found.begin_capture, "cuStreamBeginCapture_v2");
  functions.Find(found.end_capture, "cuStreamEndCapture");
  functions.Find(found.instantiate_graph, "cuGraphInstantiateWithFlags");
  functions.Find(found.launch_graph, "cuGraphLaunch");
  functions.Find(found.destroy_executable, "cuGraphExecDestroy");
  functions.Find(found.destroy_graph, "cuGraphDestroy");
  return functions.missing();
}

Result<CudaFunctions> LoadDriver() {
  const char* const named = std::getenv("NESO_CUDA_DRIVER");  // as the server itself finds it
  const char* const path = named != nullptr ? named : "libcuda.so.1";
  void* const library = dlopen(path, RTLD_NOW | RTLD_LOCAL);  // never closed: contexts live in it
  if (library == nullptr) return Status::Unavailable("no CUDA driver: ", dlerror());
  CudaFunctions functions = {};
  if (const char* const missing = FindAll(library, functions)) {
    return Status::Unavailable("the CUDA driver ", path, " is too old: it has no ", missing);
  }
  if (const int result = functions.initialize(0); result != 0) {
    return Status::Unavailable("the CUDA driver does not start: ", TextOf(functions, result));
  }
  return functions;
}

// The process's; one that was not there is looked for again.
Result<const CudaFunctions*> Driver() {
  static std::mutex mutex;
  static std::unique_ptr<const CudaFunctions> driver;
  const std::lock_guard lock(mutex);
  if (driver == nullptr) {
    NESO_ASSIGN_OR_RETURN(const CudaFunctions functions, LoadDriver());
    driver = std::make_unique<const CudaFunctions>(functions);
  }
  return static_cast<const CudaFunctions*>(driver.get());
}

}  // namespace

Result<GpuPtr> Gpu::Of(int32_t device_id) {
  NESO_ASSIGN_OR_RETURN(const CudaFunctions* const functions, Driver());
  int device = 0;
  if (const int result = functions->device(&device, device_id); result != 0) {
    return Status::Unavailable("GPU ", device_id, ": ", TextOf(*functions, result));
  }
  auto gpu = std::make_shared<Gpu>(*functions, device, device_id);
  if (const int result = functions->retain_primary_context(&gpu->context_, device); result != 0) {
    gpu->context_ = nullptr;
    return Status::Unavailable("GPU ", device_id, ": no context: ", TextOf(*functions, result));
  }
  return gpu;
}

Gpu::~Gpu() {
  if (context_ != nullptr) (void)functions_.release_primary_context(device_);
}

Result<std::string> Gpu::ComputeCapability() const {
  int major = 0;
  int minor = 0;
  NESO_RETURN_IF_ERROR(
      Check(functions_.device_attribute(&major, kComputeCapabilityMajor, device_), "its compute capability"));
  NESO_RETURN_IF_ERROR(
      Check(functions_.device_attribute(&minor, kComputeCapabilityMinor, device_), "its compute capability"));
  return std::to_string(major) + "." + std::to_string(minor);
}

Status Gpu::Check(int result, std::string_view what) const {
  if (result == 0) return {};
  return Status::Internal("GPU ", id_, ": ", what, ": ", TextOf(functions_, result));
}

Result<std::unique_ptr<Stream>> Stream::Make(const GpuPtr& gpu, StreamPriority priority) {
  int least = 0;
  int greatest = 0;
  NESO_RETURN_IF_ERROR(gpu->Check(gpu->functions().priority_range(&least, &greatest), "the priorities of streams"));
  int number = 0;
  if (priority == StreamPriority::kLowest) number = least;
  if (priority == StreamPriority::kHighest) number = greatest;
  void* handle = nullptr;
  NESO_RETURN_IF_ERROR(
      gpu->Check(gpu->functions().create_stream(&handle, kNonBlockingStream, number), "unable to create a stream"));
  return std::unique_ptr<Stream>(new Stream(gpu, handle));
}

Status Stream::Copy(void* to, const void* from, size_t byte_size) {
  if (byte_size == 0) return {};
  return gpu_->Check(gpu_->functions().copy(AddressOf(to), AddressOf(from), byte_size, handle_), "unable to copy");
}

Status Stream::Wait() { return gpu_->Check(gpu_->functions().synchronize(handle_), "the execution failed"); }

Result<std::byte*> DeviceBuffer::Reserve(size_t size) {
  if (memory_ != nullptr && size <= capacity_) return memory_;
  // The old memory first, so that there are never both.
  Release();
  // The next power of two, so that slowly growing batches do not allocate each time.
  const size_t capacity = std::bit_ceil(std::max<size_t>(size, 256));
  CudaFunctions::Address address = 0;
  NESO_RETURN_IF_ERROR(gpu_->Check(gpu_->functions().allocate(&address, capacity),
                                   backend::Concat("unable to allocate ", capacity, " bytes")));
  memory_ = std::bit_cast<std::byte*>(address);
  capacity_ = capacity;
  return memory_;
}

void DeviceBuffer::Release() {
  if (memory_ != nullptr) (void)gpu_->functions().free(AddressOf(memory_));
  memory_ = nullptr;
  capacity_ = 0;
}

Status CudaGraph::Begin(const Gpu& gpu, Stream& stream) {
  return gpu.Check(gpu.functions().begin_capture(stream.handle(), kCaptureThreadLocal), "unable to capture a graph");
}

Result<std::unique_ptr<CudaGraph>> CudaGraph::End(const GpuPtr& gpu, Stream& stream, bool recorded) {
  const CudaFunctions& functions = gpu->functions();
  void* graph = nullptr;
  const int ended = functions.end_capture(stream.handle(), &graph);
  if (!recorded) {
    if (graph != nullptr) (void)functions.destroy_graph(graph);
    return Status::Internal("GPU ", gpu->id(), ": unable to record a graph");
  }
  NESO_RETURN_IF_ERROR(gpu->Check(ended, "unable to capture a graph"));
  void* executable = nullptr;
  const int made = functions.instantiate_graph(&executable, graph, 0);
  (void)functions.destroy_graph(graph);
  NESO_RETURN_IF_ERROR(gpu->Check(made, "unable to instantiate a graph"));
  return std::unique_ptr<CudaGraph>(new CudaGraph(gpu, executable));
}

Status CudaGraph::Launch(Stream& stream) const {
  return gpu_->Check(gpu_->functions().launch_graph(executable_, stream.handle()), "unable to launch a graph");
}

}  // namespace neso::tensorrt
