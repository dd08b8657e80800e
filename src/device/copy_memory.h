// Copies between kinds of memory.
//
//   RETURN_IF_ERROR(CopyMemory({.data = to}, {.data = from, .type = MemoryType::kGpu, .device_id = 1}, byte_size));
#pragma once

#include <cstdint>

#include "base/status.h"
#include "device/memory_type.h"

namespace neso {

struct MemoryPlace {
  void* data = nullptr;
  MemoryType type = MemoryType::kCpu;
  int64_t device_id = 0;  // of kGpu
};
struct ConstMemoryPlace {
  const void* data = nullptr;
  MemoryType type = MemoryType::kCpu;
  int64_t device_id = 0;
};

// Returns when it is done. The two may overlap on the CPU. Errors: kUnavailable without a driver for a GPU, and what
// CudaDriver::Copy gives.
Status CopyMemory(const MemoryPlace& to, const ConstMemoryPlace& from, uint64_t byte_size);

}  // namespace neso
