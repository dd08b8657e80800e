#include "device/gpu_memory.h"

#include <algorithm>

namespace neso {

Expected<std::shared_ptr<GpuMemory>> GpuMemory::Allocate(int64_t device_id, uint64_t byte_size) {
  ASSIGN_OR_RETURN(std::shared_ptr<CudaDriver> driver, CudaDriver::OfProcess());
  ASSIGN_OR_RETURN(const uint64_t address, driver->Allocate(device_id, byte_size));
  std::shared_ptr<GpuMemory> memory(new GpuMemory(std::move(driver), device_id, address));
  memory->capacity_ = byte_size;
  return memory;
}

Expected<std::shared_ptr<GpuMemory>> GpuMemory::Reserve(int64_t device_id, uint64_t byte_size) {
  ASSIGN_OR_RETURN(std::shared_ptr<CudaDriver> driver, CudaDriver::OfProcess());
  const uint64_t step = CudaDriver::kMappingBytes;
  const uint64_t reserved = (std::max<uint64_t>(byte_size, 1) + step - 1) / step * step;
  ASSIGN_OR_RETURN(const uint64_t address, driver->ReserveAddresses(device_id, reserved));
  std::shared_ptr<GpuMemory> memory(new GpuMemory(std::move(driver), device_id, address));
  memory->reserved_bytes_ = reserved;
  return memory;
}

GpuMemory::~GpuMemory() {
  if (!grows()) {
    driver_->Free(device_id_, address_);
    return;
  }
  for (const CudaDriver::Mapped& mapped : mapped_) driver_->Unmap(device_id_, mapped);
  driver_->FreeAddresses(device_id_, address_, reserved_bytes_);
}

Status GpuMemory::EnsureCapacity(uint64_t byte_size) {
  if (byte_size <= capacity_) return {};
  if (byte_size > reserved_bytes_) {
    return Unavailable("{} bytes of GPU memory are wanted where at most {} can be", byte_size,
                       std::max(capacity_, reserved_bytes_));
  }
  const uint64_t step = CudaDriver::kMappingBytes;
  const uint64_t more = (byte_size - capacity_ + step - 1) / step * step;
  ASSIGN_OR_RETURN(const CudaDriver::Mapped mapped, driver_->Map(device_id_, address_ + capacity_, more));
  mapped_.push_back(mapped);
  capacity_ += more;
  return {};
}

MemoryPlace GpuMemory::place() const {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): the driver's addresses are numbers
  void* const data = reinterpret_cast<void*>(static_cast<uintptr_t>(address_));
  return {.data = data, .type = MemoryType::kGpu, .device_id = device_id_};
}

}  // namespace neso
