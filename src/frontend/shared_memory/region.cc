#include "frontend/shared_memory/region.h"

#include <limits>

namespace neso {

// Both compare with what is left, since a sum may exceed 64 bits.

Status CheckObjectRange(std::string_view name, uint64_t offset, uint64_t byte_size, uint64_t object_bytes) {
  if (offset <= object_bytes && byte_size <= object_bytes - offset) return {};
  return InvalidArg("failed to register shared memory region '{}': invalid args", name);
}

Status CheckTensorRange(std::string_view name, uint64_t offset, uint64_t byte_size, uint64_t region_bytes) {
  if (offset >= region_bytes) return InvalidArg("Invalid offset for shared memory region: '{}'", name);
  if (byte_size <= region_bytes - offset) return {};
  constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();
  if (byte_size > kMax - offset) {
    return InvalidArg(
        "Integer overflow detected: byte_size ({}) + offset ({}) exceeds maximum value ({}) for region '{}'", byte_size,
        offset, kMax, name);
  }
  return InvalidArg("Invalid offset + byte size for shared memory region: '{}'", name);
}

}  // namespace neso
