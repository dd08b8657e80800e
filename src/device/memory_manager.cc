#include "device/memory_manager.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "base/buffer.h"
#include "base/log.h"

namespace neso {
namespace {

// Pinning is slow (about 0.3 ms a MiB), so neither piece by piece nor all of a pool that may never be needed.
constexpr uint64_t kPinnedBlockBytes = uint64_t{32} << 20;

void* AllocateAligned(uint64_t byte_size) {
  const uint64_t rounded = (byte_size + kTensorAlignment - 1) / kTensorAlignment * kTensorAlignment;
  return rounded < byte_size ? nullptr : std::aligned_alloc(kTensorAlignment, rounded);
}

Status NoGpuMemory() { return Unavailable("CudaMemoryManager has no preallocated CUDA memory"); }

Status NotOurs(const void* buffer) {
  return Internal("unexpected memory address '{}' is not being managed", fmt::ptr(buffer));
}

void* PointerTo(uint64_t address) {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): the driver's addresses are numbers
  return reinterpret_cast<void*>(static_cast<uintptr_t>(address));
}
uint64_t AddressOf(const void* buffer) { return reinterpret_cast<uintptr_t>(buffer); }

}  // namespace

MemoryManager::MemoryManager(MemoryPools pools, CudaDriverSource driver)
    : sizes_(std::move(pools)), driver_(std::move(driver)) {}

MemoryManager::~MemoryManager() {
  MutexLock lock(mutex_);
  for (const auto& [buffer, piece] : pinned_) {
    if (!piece.is_pooled) std::free(buffer);
  }
}

Expected<std::shared_ptr<CudaDriver>> MemoryManager::DriverOfMachine() {
  if (!MachineHasGpu()) return Unavailable("there is no GPU");
  return CudaDriver::OfProcess();
}

Expected<void*> MemoryManager::Allocate(MemoryType type, int64_t device_id, uint64_t byte_size) {
  if (type == MemoryType::kGpu) {
    ASSIGN_OR_RETURN(const std::shared_ptr<MemoryPool> pool, GpuPool(device_id));
    if (byte_size == 0) return static_cast<void*>(nullptr);
    const Expected<uint64_t> address = pool->Allocate(byte_size);
    if (address) return PointerTo(*address);
    return Unavailable("failed to allocate CUDA memory with byte size {} on GPU {}: {}", byte_size, device_id,
                       address.error().message());
  }
  if (byte_size == 0) return static_cast<void*>(nullptr);
  if (type == MemoryType::kCpuPinned) return AllocatePinned(byte_size);
  void* buffer = AllocateAligned(byte_size);
  if (buffer == nullptr) return Unavailable("CPU memory allocation failed");
  return buffer;
}

Status MemoryManager::Free(void* buffer, MemoryType type, int64_t device_id) {
  if (type == MemoryType::kGpu) {
    ASSIGN_OR_RETURN(const std::shared_ptr<MemoryPool> pool, GpuPool(device_id));
    return buffer == nullptr || pool->Free(AddressOf(buffer)) ? Status() : NotOurs(buffer);
  }
  if (buffer == nullptr) return {};
  if (type == MemoryType::kCpuPinned) return FreePinned(buffer);
  std::free(buffer);
  return {};
}

// --- pinned memory ---------------------------------------------------------------------------------------------------

Expected<void*> MemoryManager::AllocatePinned(uint64_t byte_size) {
  const std::shared_ptr<MemoryPool> pool = PinnedPool();
  MutexLock lock(mutex_);
  const uint64_t used = pinned_used_.load(std::memory_order_relaxed);
  void* buffer = nullptr;
  if (byte_size <= sizes_.pinned_bytes - used) {
    if (pool == nullptr) {
      buffer = AllocateAligned(byte_size);
    } else if (const Expected<uint64_t> address = pool->Allocate(byte_size)) {
      buffer = PointerTo(*address);
    } else {
      LOG_VERBOSE(1, "no pinned memory: {}", address.error().message());
    }
  }
  if (buffer == nullptr) return Unavailable("failed to allocate pinned system memory");
  pinned_.emplace(buffer, PinnedPiece{.byte_size = byte_size, .is_pooled = pool != nullptr});
  pinned_used_.store(used + byte_size, std::memory_order_relaxed);
  return buffer;
}

Status MemoryManager::FreePinned(void* buffer) {
  MutexLock lock(mutex_);
  const auto found = pinned_.find(buffer);
  if (found == pinned_.end()) return NotOurs(buffer);
  pinned_used_.fetch_sub(found->second.byte_size, std::memory_order_relaxed);
  if (found->second.is_pooled) {
    pinned_pool_->Free(AddressOf(buffer));
  } else {
    std::free(buffer);
  }
  pinned_.erase(found);
  return {};
}

std::shared_ptr<MemoryPool> MemoryManager::PinnedPool() {
  MutexLock lock(mutex_);
  if (pinned_pool_is_made_) return pinned_pool_;
  pinned_pool_is_made_ = true;
  const Expected<std::shared_ptr<CudaDriver>> driver = driver_();
  if (!driver || (*driver)->devices().empty()) return nullptr;
  pinned_pool_ = std::make_shared<MemoryPool>(
      MemoryPoolSizes{.total_bytes = sizes_.pinned_bytes, .block_bytes = kPinnedBlockBytes},
      [driver = *driver](uint64_t bytes) -> Expected<uint64_t> {
        ASSIGN_OR_RETURN(void* const block, driver->AllocatePinned(bytes));
        return AddressOf(block);
      },
      [driver = *driver](uint64_t block) { driver->FreePinned(PointerTo(block)); });
  return pinned_pool_;
}

// --- memory of GPUs --------------------------------------------------------------------------------------------------

Expected<std::shared_ptr<MemoryPool>> MemoryManager::GpuPool(int64_t device_id) {
  MutexLock lock(mutex_);
  if (const auto found = gpu_pools_.find(device_id); found != gpu_pools_.end()) return found->second;
  const Expected<std::shared_ptr<CudaDriver>> driver = driver_();
  if (!driver || device_id < 0 || static_cast<uint64_t>(device_id) >= (*driver)->devices().size()) {
    return NoGpuMemory();
  }
  const auto given = sizes_.gpu_bytes.find(static_cast<int>(device_id));
  const uint64_t bytes = given == sizes_.gpu_bytes.end() ? MemoryPools::kDefaultGpuBytes : given->second;
  if (bytes == 0) return NoGpuMemory();
  auto pool = std::make_shared<MemoryPool>(
      MemoryPoolSizes{.total_bytes = bytes, .block_bytes = bytes},
      [driver = *driver, device_id](uint64_t block_bytes) { return driver->Allocate(device_id, block_bytes); },
      [driver = *driver, device_id](uint64_t block) { driver->Free(device_id, block); });
  gpu_pools_.emplace(device_id, pool);
  return pool;
}

}  // namespace neso
