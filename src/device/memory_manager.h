// Gives out memory of each kind, and counts what is taken of the pool of pinned memory.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include "base/mutex.h"
#include "base/status.h"
#include "device/memory_type.h"

namespace neso {

// Thread-safe.
class MemoryManager {
 public:
  // Pinned memory is ordinary memory as long as no GPU is there to pin it for; it counts against its pool all the same.
  explicit MemoryManager(uint64_t pinned_pool_bytes) : pinned_total_(pinned_pool_bytes) {}
  ~MemoryManager();
  MemoryManager(const MemoryManager&) = delete;
  MemoryManager& operator=(const MemoryManager&) = delete;

  // Aligned for tensors. Null for no bytes.
  // Errors: kUnavailable when memory or the pool is exhausted, and for GPU memory without a GPU.
  Expected<void*> Allocate(MemoryType type, uint64_t byte_size);
  // Errors: kInternal for pinned memory that is not ours, kUnavailable for GPU memory.
  Status Free(void* buffer, MemoryType type);

  // nv_pinned_memory_pool_total_bytes, nv_pinned_memory_pool_used_bytes.
  uint64_t pinned_total_bytes() const { return pinned_total_; }
  uint64_t pinned_used_bytes() const { return pinned_used_.load(std::memory_order_relaxed); }

 private:
  const uint64_t pinned_total_;
  std::atomic<uint64_t> pinned_used_{0};
  Mutex mutex_;
  std::unordered_map<void*, uint64_t> pinned_ GUARDED_BY(mutex_);
};

}  // namespace neso
