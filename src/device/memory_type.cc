#include "device/memory_type.h"

namespace neso {

const char* MemoryTypeName(MemoryType type) {
  switch (type) {
    case MemoryType::kCpu: return "CPU";
    case MemoryType::kCpuPinned: return "CPU_PINNED";
    case MemoryType::kGpu: return "GPU";
  }
  return "<invalid>";
}

}  // namespace neso
