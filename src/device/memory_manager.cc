#include "device/memory_manager.h"

#include <fmt/format.h>

#include <cstdlib>

#include "base/buffer.h"

namespace neso {
namespace {

void* AllocateAligned(uint64_t byte_size) {
  const uint64_t rounded = (byte_size + kTensorAlignment - 1) / kTensorAlignment * kTensorAlignment;
  return rounded < byte_size ? nullptr : std::aligned_alloc(kTensorAlignment, rounded);
}

Status NoGpuMemory() { return Unavailable("CudaMemoryManager has no preallocated CUDA memory"); }

}  // namespace

MemoryManager::~MemoryManager() {
  MutexLock lock(mutex_);
  for (const auto& [buffer, size] : pinned_) std::free(buffer);
}

Expected<void*> MemoryManager::Allocate(MemoryType type, uint64_t byte_size) {
  if (type == MemoryType::kGpu) return NoGpuMemory();
  if (byte_size == 0) return static_cast<void*>(nullptr);
  if (type == MemoryType::kCpu) {
    void* buffer = AllocateAligned(byte_size);
    if (buffer == nullptr) return Unavailable("CPU memory allocation failed");
    return buffer;
  }

  MutexLock lock(mutex_);
  const uint64_t used = pinned_used_.load(std::memory_order_relaxed);
  void* buffer = byte_size > pinned_total_ - used ? nullptr : AllocateAligned(byte_size);
  if (buffer == nullptr) return Unavailable("failed to allocate pinned system memory");
  pinned_.emplace(buffer, byte_size);
  pinned_used_.store(used + byte_size, std::memory_order_relaxed);
  return buffer;
}

Status MemoryManager::Free(void* buffer, MemoryType type) {
  if (type == MemoryType::kGpu) return NoGpuMemory();
  if (buffer == nullptr) return {};
  if (type == MemoryType::kCpuPinned) {
    MutexLock lock(mutex_);
    const auto found = pinned_.find(buffer);
    if (found == pinned_.end())
      return Internal("unexpected memory address '{}' is not being managed", fmt::ptr(buffer));
    pinned_used_.fetch_sub(found->second, std::memory_order_relaxed);
    pinned_.erase(found);
  }
  std::free(buffer);
  return {};
}

}  // namespace neso
