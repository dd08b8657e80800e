#include "frontend/shared_memory/cuda_region.h"

#include "base/log.h"

namespace neso {

Expected<std::shared_ptr<Region>> CudaRegion::Open(std::shared_ptr<CudaDriver> driver, std::string_view name,
                                                   const CudaRegistration& registration) {
  const Expected<uint64_t> address =
      driver->OpenIpc(registration.device_id, registration.handle, registration.byte_size);
  if (!address) {
    LOG_ERROR("CUDA shared memory region '{}' of {} bytes: {}", name, registration.byte_size,
              address.error().message());
    return InvalidArg("failed to register shared memory region '{}': invalid args", name);
  }
  return std::shared_ptr<Region>(new CudaRegion(std::move(driver), registration, *address));
}

CudaRegion::CudaRegion(std::shared_ptr<CudaDriver> driver, const CudaRegistration& registration, uint64_t address)
    : driver_(std::move(driver)), handle_(registration.handle) {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): the driver's addresses are numbers
  memory_.base = reinterpret_cast<char*>(static_cast<uintptr_t>(address));
  memory_.byte_size = registration.byte_size;
  memory_.type = MemoryType::kGpu;
  memory_.device_id = registration.device_id;
  memory_.cuda_ipc_handle = handle_.bytes.data();
}

CudaRegion::~CudaRegion() { driver_->CloseIpc(memory_.device_id, reinterpret_cast<uintptr_t>(memory_.base)); }

}  // namespace neso
