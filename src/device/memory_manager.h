// Gives out memory of each kind: the host's, pinned memory of the host, and that of GPUs; the last two from pools of a
// size that the command line says.
//
//   MemoryManager memory({.pinned_bytes = 256 << 20, .gpu_bytes = {{0, 64 << 20}}});
//   ASSIGN_OR_RETURN(void* buffer, memory.Allocate(MemoryType::kGpu, 0, 4096));
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <unordered_map>

#include "base/mutex.h"
#include "base/status.h"
#include "device/cuda_driver.h"
#include "device/memory_pool.h"
#include "device/memory_type.h"

namespace neso {

struct MemoryPools {
  static constexpr uint64_t kDefaultGpuBytes = 67'108'864;
  uint64_t pinned_bytes = 0;
  std::map<int, uint64_t> gpu_bytes{};  // those that are not kDefaultGpuBytes
};

// Thread-safe. Nothing is taken from a GPU, nor pinned, before somebody asks for such memory.
class MemoryManager {
 public:
  // Without a GPU pinned memory is ordinary memory; it counts against its pool all the same.
  explicit MemoryManager(MemoryPools pools, CudaDriverSource driver = DriverOfMachine);
  ~MemoryManager();
  MemoryManager(const MemoryManager&) = delete;
  MemoryManager& operator=(const MemoryManager&) = delete;

  // Aligned for tensors. Null for no bytes.
  // Errors: kUnavailable when memory or the pool is exhausted, and for memory of a GPU that is not there or has no pool.
  Expected<void*> Allocate(MemoryType type, int64_t device_id, uint64_t byte_size);
  // Errors: kInternal for pinned and GPU memory that is not ours, kUnavailable for GPU memory without a GPU.
  Status Free(void* buffer, MemoryType type, int64_t device_id);

  // nv_pinned_memory_pool_total_bytes, nv_pinned_memory_pool_used_bytes.
  uint64_t pinned_total_bytes() const { return sizes_.pinned_bytes; }
  uint64_t pinned_used_bytes() const { return pinned_used_.load(std::memory_order_relaxed); }

 private:
  static Expected<std::shared_ptr<CudaDriver>> DriverOfMachine();

  Expected<void*> AllocatePinned(uint64_t byte_size);
  Status FreePinned(void* buffer);
  // Null if nothing can be pinned here.
  std::shared_ptr<MemoryPool> PinnedPool();
  Expected<std::shared_ptr<MemoryPool>> GpuPool(int64_t device_id);

  const MemoryPools sizes_;
  const CudaDriverSource driver_;
  std::atomic<uint64_t> pinned_used_{0};
  Mutex mutex_;
  struct PinnedPiece {
    uint64_t byte_size;
    bool is_pooled;
  };
  std::unordered_map<void*, PinnedPiece> pinned_ GUARDED_BY(mutex_);
  bool pinned_pool_is_made_ GUARDED_BY(mutex_) = false;
  std::shared_ptr<MemoryPool> pinned_pool_ GUARDED_BY(mutex_);
  std::map<int64_t, std::shared_ptr<MemoryPool>> gpu_pools_ GUARDED_BY(mutex_);
};

}  // namespace neso
