// Stands in for libcudart.so where there is no CUDA toolkit: the functions that examples of the client libraries call
// (cuda_toolkit/include), on the driver that is found, libcuda.so.1. That may be NVIDIA's, or the one that stands in for it.
#include <dlfcn.h>

#include <cstdint>

#include "cuda_toolkit/include/cuda_runtime_api.h"

namespace {

using Address = unsigned long long;

// Null where there is no driver.
void* Symbol(const char* name) {
  static void* const driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  return driver == nullptr ? nullptr : dlsym(driver, name);
}

// Calls a function of the driver, whose results are the runtime's errors.
template <typename... Args>
cudaError_t Call(const char* name, Args... args) {
  const auto function = reinterpret_cast<int (*)(Args...)>(Symbol(name));
  return function == nullptr ? cudaErrorInsufficientDriver : static_cast<cudaError_t>(function(args...));
}

Address AddressOf(const void* memory) { return reinterpret_cast<uintptr_t>(memory); }

}  // namespace

const char* cudaGetErrorString(cudaError_t error) {
  if (error == cudaErrorInsufficientDriver) return "CUDA driver version is insufficient for CUDA runtime version";
  const char* text = nullptr;
  Call("cuGetErrorString", static_cast<int>(error), &text);
  return text == nullptr ? "unknown error" : text;
}

cudaError_t cudaSetDevice(int ordinal) {
  int device = 0;
  void* context = nullptr;
  cudaError_t error = Call("cuInit", 0u);
  if (error == cudaSuccess) error = Call("cuDeviceGet", &device, ordinal);
  if (error == cudaSuccess) error = Call("cuDevicePrimaryCtxRetain", &context, device);
  return error == cudaSuccess ? Call("cuCtxPushCurrent_v2", context) : error;
}

cudaError_t cudaMalloc(void** memory, size_t bytes) {
  Address address = 0;
  const cudaError_t error = Call("cuMemAlloc_v2", &address, bytes);
  *memory = reinterpret_cast<void*>(address);
  return error;
}

cudaError_t cudaFree(void* memory) { return Call("cuMemFree_v2", AddressOf(memory)); }

cudaError_t cudaMemcpy(void* to, const void* from, size_t bytes, cudaMemcpyKind) {
  return Call("cuMemcpy", AddressOf(to), AddressOf(from), bytes);
}

cudaError_t cudaIpcGetMemHandle(cudaIpcMemHandle_t* handle, void* memory) {
  return Call("cuIpcGetMemHandle", handle, AddressOf(memory));
}
