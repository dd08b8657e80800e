// What the stand-in for CUDA's driver (tests/gpu/fake_cuda_driver.cc) still holds. For tests that are told where it is.
#pragma once

#include <dlfcn.h>

#include <cstddef>

namespace neso {

// As the stand-in has it.
struct FakeCudaState {
  size_t open_handles = 0;
  int retained_contexts = 0;
  int context_depth = 0;   // of the calling thread
  size_t allocations = 0;  // of devices, and pinned
  bool operator==(const FakeCudaState&) const = default;
};

#ifdef NESO_FAKE_CUDA_DRIVER
inline FakeCudaState FakeCudaCountsNow() {
  void* const library = dlopen(NESO_FAKE_CUDA_DRIVER, RTLD_NOW | RTLD_LOCAL);
  return reinterpret_cast<FakeCudaState (*)()>(dlsym(library, "FakeCudaCounts"))();
}
#endif

}  // namespace neso
