// Memory that a client shares with the server, and pieces of it that hold tensors.
//
//   const std::shared_ptr<Region> region = ...;      // stays mapped as long as somebody holds it
//   RETURN_IF_ERROR(region->CheckReach(offset + byte_size));
//   char* tensor = region->memory().base + offset;
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/status.h"
#include "core/types.h"

namespace neso {

struct RegionMemory {
  char* base = nullptr;
  uint64_t byte_size = 0;
  MemoryType type = MemoryType::kCpu;
  int64_t device_id = 0;            // of kGpu
  void* cuda_ipc_handle = nullptr;  // of kGpu, 64 bytes
};

// Thread-safe. The contents are the client's: they may change at any time.
class Region {
 public:
  virtual ~Region() = default;
  virtual const RegionMemory& memory() const = 0;
  // Whether the first `byte_size` bytes are there now. Error: kInvalidArg with the reason.
  virtual Status CheckReach(uint64_t byte_size) const = 0;
  // After use: whether all that was read and written was the client's memory. Error: kInvalidArg with the reason.
  virtual Status CheckIntact() const = 0;
};

// Where one tensor is.
struct RegionSlice {
  std::shared_ptr<Region> region;
  // As long as somebody holds it, a region that was unregistered is still listed.
  std::shared_ptr<const void> use;
  char* base = nullptr;
  uint64_t byte_size = 0;
};

// The part of its object that a client registers, under a name.
// Error: kInvalidArg "failed to register shared memory region 'n': invalid args" beyond the object's end.
Status CheckObjectRange(std::string_view name, uint64_t offset, uint64_t byte_size, uint64_t object_bytes);

// The part of region `name` that a tensor takes. Errors, all kInvalidArg: "Invalid offset for shared memory region:
// 'n'", "Invalid offset + byte size for shared memory region: 'n'", or that the two together exceed 64 bits.
Status CheckTensorRange(std::string_view name, uint64_t offset, uint64_t byte_size, uint64_t region_bytes);

}  // namespace neso
