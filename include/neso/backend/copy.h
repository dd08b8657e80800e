// Copies between the memory of the host and that of GPUs, by the server's driver: a backend needs none of its own.
//
//   if (NESOBACKEND_MemoryCopy != nullptr) {
//     error = NESOBACKEND_MemoryCopy(to, TRITONSERVER_MEMORY_CPU, 0, from, TRITONSERVER_MEMORY_GPU, 0, size);
//   }
//
// CopyMemory in memory.h does that.
#pragma once

#include <stdint.h>

#include "triton/core/tritonbackend.h"

#ifdef __cplusplus
extern "C" {
#endif

// Returns when it is done. UNAVAILABLE without a driver, INVALID_ARG for a GPU that is not there.
//
// Null in a server that does not know it, such as Triton.
extern __attribute__((weak, visibility("default"))) TRITONSERVER_Error* NESOBACKEND_MemoryCopy(
    void* to, TRITONSERVER_MemoryType to_type, int64_t to_id, const void* from, TRITONSERVER_MemoryType from_type,
    int64_t from_id, uint64_t byte_size);

#ifdef __cplusplus
}
#endif
