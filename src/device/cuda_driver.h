// CUDA's driver library, found when the first client registers GPU memory: a server without one never looks for it.
//
//   ASSIGN_OR_RETURN(const std::shared_ptr<CudaDriver> driver, CudaDriver::Load("libcuda.so.1"));
//   ASSIGN_OR_RETURN(const uint64_t address, driver->OpenIpc(device_id, handle, byte_size));
//
// Source: CUDA driver API, sections Initialization, Primary Context Management and Memory Management.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "base/status.h"

namespace neso {

// cudaIpcMemHandle_t: another process's allocation, as it can be sent.
inline constexpr size_t kCudaIpcHandleBytes = 64;
struct CudaIpcHandle {
  std::array<char, kCudaIpcHandleBytes> bytes;
};

// Thread-safe, as the library is. Leaves the calling thread's current context as it was.
class CudaDriver {
 public:
  // Error: kUnavailable with the reason when there is no such library, it is too old, or there is no GPU to use.
  static Expected<std::shared_ptr<CudaDriver>> Load(const std::string& library);

  // Maps the allocation behind `handle` into this process, until CloseIpc; the address is of device memory.
  // Errors: kInvalidArg for a device that is not there, a handle that cannot be opened, fewer than `byte_size` bytes.
  Expected<uint64_t> OpenIpc(int64_t device_id, const CudaIpcHandle& handle, uint64_t byte_size);
  void CloseIpc(int64_t device_id, uint64_t address);

 private:
  struct Functions;
  class DeviceScope;

  explicit CudaDriver(std::shared_ptr<const Functions> functions) : functions_(std::move(functions)) {}
  Status CheckSize(uint64_t address, uint64_t byte_size) const;

  const std::shared_ptr<const Functions> functions_;
};

}  // namespace neso
