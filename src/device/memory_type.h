// Kinds of memory that tensors lie in.
#pragma once

#include <cstdint>

namespace neso {

// Numbers are TRITONSERVER_MemoryType's. Pinned memory is the host's, and stays where it is, so that devices may copy
// from it by themselves.
enum class MemoryType : uint8_t { kCpu = 0, kCpuPinned = 1, kGpu = 2 };

// Whether there is a type of that number.
constexpr bool IsMemoryType(int number) {
  return number >= static_cast<int>(MemoryType::kCpu) && number <= static_cast<int>(MemoryType::kGpu);
}

// "CPU", "CPU_PINNED", "GPU".
const char* MemoryTypeName(MemoryType type);

}  // namespace neso
