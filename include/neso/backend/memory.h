// Where tensors lie: in the host's memory or in a GPU's; copies between them, and memory that the server manages.
//
//   NESO_RETURN_IF_ERROR(CopyMemory(to, Place::Cpu(), from, Place::Gpu(0), byte_size));
//
//   ManagedMemory staging(manager, Place::Gpu(0));             // kept from one batch to the next
//   NESO_ASSIGN_OR_RETURN(std::byte* const memory, staging.Reserve(byte_size));
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "neso/backend/copy.h"
#include "neso/backend/status.h"
#include "triton/core/tritonbackend.h"

namespace neso::backend {

struct Place {
  TRITONSERVER_MemoryType type = TRITONSERVER_MEMORY_CPU;
  int64_t id = 0;

  static Place Cpu() { return {}; }
  static Place Pinned() { return {TRITONSERVER_MEMORY_CPU_PINNED, 0}; }
  static Place Gpu(int64_t id) { return {TRITONSERVER_MEMORY_GPU, id}; }
  bool on_gpu() const { return type == TRITONSERVER_MEMORY_GPU; }
  bool operator==(const Place&) const = default;
};

// Returns when it is done. The two may overlap in the host's memory. UNSUPPORTED for a GPU's memory if the server
// copies none.
inline Status CopyMemory(void* to, Place to_place, const void* from, Place from_place, size_t byte_size) {
  if (byte_size == 0) return {};
  if (!to_place.on_gpu() && !from_place.on_gpu()) {
    // Not memcpy: a client may want its output where its input is, and share that memory.
    std::memmove(to, from, byte_size);
    return {};
  }
  if (NESOBACKEND_MemoryCopy == nullptr) {
    return Status::Unsupported("expected CPU memory, got memory of GPU ",
                               to_place.on_gpu() ? to_place.id : from_place.id);
  }
  return NESOBACKEND_MemoryCopy(to, to_place.type, to_place.id, from, from_place.type, from_place.id, byte_size);
}

// Memory of the server's manager that grows and is used again. Thread-compatible.
class ManagedMemory {
 public:
  // `manager` is the backend's (TRITONBACKEND_BackendMemoryManager).
  ManagedMemory(TRITONBACKEND_MemoryManager* manager, Place place) : manager_(manager), place_(place) {}
  ~ManagedMemory() { Release(); }
  ManagedMemory(const ManagedMemory&) = delete;
  ManagedMemory& operator=(const ManagedMemory&) = delete;

  Place place() const { return place_; }
  // Memory for `size` bytes, contents undefined; the last one becomes invalid. The server's error if there is none.
  Result<std::byte*> Reserve(size_t size) {
    if (size <= capacity_) return memory_;
    // The old memory first, so that there are never both.
    Release();
    // The next power of two, so that slowly growing batches do not allocate each time.
    const size_t capacity = std::bit_ceil(size);
    void* memory = nullptr;
    NESO_RETURN_IF_ERROR(TRITONBACKEND_MemoryManagerAllocate(manager_, &memory, place_.type, place_.id, capacity));
    memory_ = static_cast<std::byte*>(memory);
    capacity_ = capacity;
    return memory_;
  }

 private:
  void Release() {
    if (memory_ != nullptr) (void)Status(TRITONBACKEND_MemoryManagerFree(manager_, memory_, place_.type, place_.id));
    memory_ = nullptr;
    capacity_ = 0;
  }

  TRITONBACKEND_MemoryManager* const manager_;
  const Place place_;
  std::byte* memory_ = nullptr;
  size_t capacity_ = 0;
};

}  // namespace neso::backend
