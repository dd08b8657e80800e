// The handle by which a process shows GPU memory to another: CUDA's own with TRITON_ENABLE_GPU, else a name to compile with.
#pragma once

#ifdef TRITON_ENABLE_GPU
#include <cuda_runtime_api.h>
#else
struct cudaIpcMemHandle_t {};
#endif

namespace triton {
namespace client {
using ::cudaIpcMemHandle_t;
}
}  // namespace triton
