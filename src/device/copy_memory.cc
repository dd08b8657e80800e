#include "device/copy_memory.h"

#include <cstring>
#include <memory>

#include "device/cuda_driver.h"

namespace neso {

Status CopyMemory(const MemoryPlace& to, const ConstMemoryPlace& from, uint64_t byte_size) {
  if (byte_size == 0) return {};
  const bool to_gpu = to.type == MemoryType::kGpu;
  const bool from_gpu = from.type == MemoryType::kGpu;
  if (!to_gpu && !from_gpu) {
    std::memmove(to.data, from.data, byte_size);
    return {};
  }
  ASSIGN_OR_RETURN(const std::shared_ptr<CudaDriver> driver, CudaDriver::OfProcess());
  if (to_gpu && from_gpu) driver->EnablePeerAccess(to.device_id, from.device_id);
  return driver->Copy(to_gpu ? to.device_id : from.device_id, to.data, from.data, byte_size);
}

}  // namespace neso
