#include "frontend/sagemaker/out_of_memory.h"

#include <algorithm>
#include <iterator>

namespace neso {

bool TellsOfLackOfMemory(std::string_view message) {
  static constexpr std::string_view kWords[] = {
      "CUDA out of memory",
      "CUDA_OUT_OF_MEMORY",
      "Out of memory",
      "Out Of Memory",
      "out of memory",
      "MemoryError",
      "OutOfMemory",
      "OOM",
      "Dst tensor is not initialized",
      "Src tensor is not initialized",
      "CNMEM_STATUS_OUT_OF_MEMORY",
      "CUDNN_STATUS_NOT_INITIALIZED",
      "CUBLAS_STATUS_ALLOC_FAILED",
      "CUBLAS_STATUS_NOT_INITIALIZED",
      "Failed to allocate memory",
      "failed to allocate memory",
      "No space left on device",
  };
  return std::any_of(std::begin(kWords), std::end(kWords),
                     [&](std::string_view words) { return message.find(words) != std::string_view::npos; });
}

}  // namespace neso
