// Memory of a GPU that somebody keeps: a piece of fixed size, or one that grows where it lies.
//
//   ASSIGN_OR_RETURN(const std::shared_ptr<GpuMemory> state, GpuMemory::Allocate(0, 4096));
//   ASSIGN_OR_RETURN(const std::shared_ptr<GpuMemory> cache, GpuMemory::Reserve(0, 1 << 30));
//   RETURN_IF_ERROR(cache->EnsureCapacity(8192));          // its address, and what was written, stay
//
// Taken from the driver, which is slow, so for what is kept.
// Source: CUDA driver API, sections Memory Management and Virtual Memory Management.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/status.h"
#include "device/copy_memory.h"
#include "device/cuda_driver.h"

namespace neso {

// Thread-compatible.
class GpuMemory {
 public:
  // Errors of both: kUnavailable without a driver or memory, and those of CudaDriver.
  static Expected<std::shared_ptr<GpuMemory>> Allocate(int64_t device_id, uint64_t byte_size);
  // Addresses for at most `byte_size` bytes, with nothing behind them yet.
  static Expected<std::shared_ptr<GpuMemory>> Reserve(int64_t device_id, uint64_t byte_size);
  ~GpuMemory();
  GpuMemory(const GpuMemory&) = delete;
  GpuMemory& operator=(const GpuMemory&) = delete;

  // Error: kUnavailable if it is fixed, if more is wanted than was reserved, or the GPU has no more.
  Status EnsureCapacity(uint64_t byte_size);
  uint64_t capacity() const { return capacity_; }
  bool grows() const { return reserved_bytes_ > 0; }
  int64_t device_id() const { return device_id_; }
  MemoryPlace place() const;

 private:
  GpuMemory(std::shared_ptr<CudaDriver> driver, int64_t device_id, uint64_t address)
      : driver_(std::move(driver)), device_id_(device_id), address_(address) {}

  const std::shared_ptr<CudaDriver> driver_;
  const int64_t device_id_;
  const uint64_t address_;
  uint64_t capacity_ = 0;
  uint64_t reserved_bytes_ = 0;             // 0: fixed
  std::vector<CudaDriver::Mapped> mapped_;  // of what grows
};

}  // namespace neso
