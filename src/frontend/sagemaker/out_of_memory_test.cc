#include "frontend/sagemaker/out_of_memory.h"

#include <gtest/gtest.h>

namespace neso {
namespace {

TEST(OutOfMemoryTest, EveryWayOfSayingIt) {
  for (const char* message :
       {"RuntimeError: CUDA out of memory. Tried to allocate", "CUDA_OUT_OF_MEMORY", "Out of memory", "Out Of Memory",
        "mmap: out of memory", "MemoryError: Unable to allocate", "std::OutOfMemoryException",
        "OOM when allocating tensor", "Dst tensor is not initialized.", "Src tensor is not initialized.",
        "CNMEM_STATUS_OUT_OF_MEMORY", "CUDNN_STATUS_NOT_INITIALIZED", "CUBLAS_STATUS_ALLOC_FAILED",
        "CUBLAS_STATUS_NOT_INITIALIZED", "Failed to allocate memory for requested buffer", "failed to allocate memory",
        "write: No space left on device"}) {
    EXPECT_TRUE(TellsOfLackOfMemory(message)) << message;
  }
}

TEST(OutOfMemoryTest, OtherErrorsDoNot) {
  for (const char* message : {"", "memory", "out of range", "CUDNN_STATUS_BAD_PARAM", "no space left"}) {
    EXPECT_FALSE(TellsOfLackOfMemory(message)) << message;
  }
}

}  // namespace
}  // namespace neso
