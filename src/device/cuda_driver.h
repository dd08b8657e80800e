// NVIDIA's GPUs by CUDA's driver library, which is found at run time: building needs none of it, and a server that has
// no use for a GPU opens nothing.
//
//   ASSIGN_OR_RETURN(const std::shared_ptr<CudaDriver> driver, CudaDriver::OfProcess());
//   for (const GpuDevice& gpu : driver->devices()) ...
//   ASSIGN_OR_RETURN(const uint64_t address, driver->Allocate(gpu.id, 1 << 20));
//
// A GPU's context, which takes some hundred MiB of its memory, lives as long as something is allocated or opened there
// (the primary context, which frameworks use too).
// Source: CUDA driver API.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "device/cuda_functions.h"

namespace neso {

struct GpuDevice {
  int id = 0;        // CUDA's ordinal: CUDA_VISIBLE_DEVICES counts
  std::string name;  // "NVIDIA H100 80GB HBM3"
  std::string uuid;  // "GPU-3f2a...", as nvidia-smi shows it
  uint64_t memory_bytes = 0;
  double compute_capability = 0.0;  // 9.0
};

// Whether the machine has a GPU, as far as files tell: asks no driver. NESO_CUDA_DRIVER in the environment, which names
// the driver's library, says that there is one.
bool MachineHasGpu();

// Thread-safe, as the library is. Leaves the calling thread's current context as it was.
class CudaDriver {
 public:
  // Error: kUnavailable with the reason when there is no such library, it is too old, or there is no GPU to use.
  static Expected<std::shared_ptr<CudaDriver>> Load(const std::string& library);
  // The process's, loaded by the first who asks: libcuda.so.1, or what NESO_CUDA_DRIVER names. One that was not there is
  // looked for again. The driver and its contexts are the process's, however many servers it has.
  static Expected<std::shared_ptr<CudaDriver>> OfProcess();

  // In the order of their numbers. No context was made to find them.
  std::span<const GpuDevice> devices() const { return devices_; }

  // Maps the allocation behind `handle` into this process, until CloseIpc; the address is of device memory.
  // Errors: kInvalidArg for a device that is not there, a handle that cannot be opened, fewer than `byte_size` bytes.
  Expected<uint64_t> OpenIpc(int64_t device_id, const CudaIpcHandle& handle, uint64_t byte_size);
  void CloseIpc(int64_t device_id, uint64_t address);
  // For other processes, of what Allocate has given. Errors: kInvalidArg for a device that is not there, kUnavailable
  // when the driver shares no such memory.
  Expected<CudaIpcHandle> IpcHandleOf(int64_t device_id, uint64_t address);

  // Memory of a GPU. Errors: kInvalidArg for a device that is not there, kUnavailable when there is not as much.
  Expected<uint64_t> Allocate(int64_t device_id, uint64_t byte_size);
  void Free(int64_t device_id, uint64_t address);

  // Addresses of a GPU, behind which memory is put later on, in multiples of kMappingBytes (the granularity that GPUs
  // have). Errors as above.
  static constexpr uint64_t kMappingBytes = uint64_t{2} << 20;
  struct Mapped {
    uint64_t address = 0;
    uint64_t byte_size = 0;
    uint64_t memory = 0;
  };
  Expected<uint64_t> ReserveAddresses(int64_t device_id, uint64_t byte_size);
  void FreeAddresses(int64_t device_id, uint64_t address, uint64_t byte_size);
  Expected<Mapped> Map(int64_t device_id, uint64_t address, uint64_t byte_size);
  void Unmap(int64_t device_id, const Mapped& mapped);

  // Memory of the host that stays where it is, so that every GPU may copy from and to it by itself.
  // Error: kUnavailable.
  Expected<void*> AllocatePinned(uint64_t byte_size);
  void FreePinned(void* memory);

  // Copies between GPU `device_id` and wherever the other side is: the host, itself, another GPU. Returns when it is
  // done. Errors: kInvalidArg for a device that is not there, kInternal for what the driver says.
  Status Copy(int64_t device_id, void* to, const void* from, uint64_t byte_size);
  // From now on Copy lets a GPU read another's memory by itself, where the two can.
  void AllowPeerAccess() { peer_access_.store(true, std::memory_order_relaxed); }
  // Between the two GPUs. Once a pair; that it cannot be is no error.
  void EnablePeerAccess(int64_t device_id, int64_t peer_id);

  struct MemoryInfo {
    uint64_t used_bytes = 0;
    uint64_t total_bytes = 0;
  };
  // Of all processes. Makes a context.
  Expected<MemoryInfo> Memory(int64_t device_id) const;

 private:
  class DeviceScope;

  explicit CudaDriver(std::shared_ptr<const CudaFunctions> functions) : functions_(std::move(functions)) {}
  Status ReadDevices();
  Status CheckSize(uint64_t address, uint64_t byte_size) const;

  const std::shared_ptr<const CudaFunctions> functions_;
  std::vector<GpuDevice> devices_;  // constant once loaded
  std::atomic<bool> peer_access_{false};
  Mutex mutex_;
  std::set<std::pair<int64_t, int64_t>> peers_ GUARDED_BY(mutex_);
};

// Who needs a driver is told where to ask for one.
using CudaDriverSource = std::function<Expected<std::shared_ptr<CudaDriver>>()>;

}  // namespace neso
