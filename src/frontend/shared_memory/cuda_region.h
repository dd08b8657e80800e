// Memory of a client on a GPU, opened by its IPC handle. Backends get its address as TRITONSERVER_MEMORY_GPU.
#pragma once

#include <memory>
#include <string_view>

#include "device/cuda_driver.h"
#include "frontend/shared_memory/region.h"

namespace neso {

// What a client registers.
struct CudaRegistration {
  CudaIpcHandle handle{};
  int64_t device_id = 0;
  uint64_t byte_size = 0;
};

class CudaRegion final : public Region {
 public:
  // Error: kInvalidArg "failed to register shared memory region 'n': invalid args"; the log has the driver's reason.
  static Expected<std::shared_ptr<Region>> Open(std::shared_ptr<CudaDriver> driver, std::string_view name,
                                                const CudaRegistration& registration);
  ~CudaRegion() override;
  CudaRegion(const CudaRegion&) = delete;
  CudaRegion& operator=(const CudaRegion&) = delete;

  const RegionMemory& memory() const override { return memory_; }
  Status CheckReach(uint64_t) const override { return {}; }  // an allocation keeps its size
  Status CheckIntact() const override { return {}; }

 private:
  CudaRegion(std::shared_ptr<CudaDriver> driver, const CudaRegistration& registration, uint64_t address);

  const std::shared_ptr<CudaDriver> driver_;
  CudaIpcHandle handle_;
  RegionMemory memory_;
};

}  // namespace neso
