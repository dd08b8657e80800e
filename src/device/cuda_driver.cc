#include "device/cuda_driver.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdlib>

#include "base/log.h"

namespace neso {
namespace {

constexpr const char* kDriverVariable = "NESO_CUDA_DRIVER";

// CUDA's numbers.
constexpr unsigned kIpcEnablePeerAccess = 1;  // CU_IPC_MEM_LAZY_ENABLE_PEER_ACCESS: the one flag there is, and required
constexpr unsigned kPortable = 1;             // CU_MEMHOSTALLOC_PORTABLE: for the contexts of all GPUs
constexpr int kMajor = 75;                    // CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR
constexpr int kMinor = 76;
constexpr int kPeerAlreadyEnabled = 704;
// Each thread's own, so that threads do not wait for each other's copies.
// NOLINTNEXTLINE(performance-no-int-to-ptr): CU_STREAM_PER_THREAD is a number
CudaFunctions::Stream OwnStream() { return reinterpret_cast<CudaFunctions::Stream>(uintptr_t{2}); }

std::string UuidText(const CudaFunctions::Uuid& uuid) {
  std::string text = "GPU-";
  for (size_t i = 0; i < uuid.bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    fmt::format_to(std::back_inserter(text), "{:02x}", uuid.bytes[i]);
  }
  return text;
}

CudaFunctions::Address AddressOf(const void* memory) { return reinterpret_cast<uintptr_t>(memory); }

}  // namespace

bool MachineHasGpu() {
  if (std::getenv(kDriverVariable) != nullptr) return true;
  // A driver's device file; that of WSL; that of a Jetson.
  constexpr const char* kFiles[] = {"/dev/nvidiactl", "/dev/dxg", "/dev/nvhost-ctrl-gpu"};
  return std::any_of(std::begin(kFiles), std::end(kFiles), [](const char* file) { return access(file, F_OK) == 0; });
}

// A device's primary context as the thread's current one.
class CudaDriver::DeviceScope {
 public:
  explicit DeviceScope(const CudaFunctions& functions) : functions_(functions) {}
  DeviceScope(const DeviceScope&) = delete;
  DeviceScope& operator=(const DeviceScope&) = delete;
  ~DeviceScope() {
    CudaFunctions::Context context = nullptr;
    if (is_current_) functions_.pop_context(&context);
    if (is_retained_) functions_.release_primary_context(device_);
  }

  Status Enter(int64_t device_id) {
    if (device_id < 0 || device_id > INT_MAX) return InvalidArg("device {}: there is no such device", device_id);
    int result = functions_.device(&device_, static_cast<int>(device_id));
    if (result == 0) {
      result = functions_.retain_primary_context(&context_, device_);
      is_retained_ = result == 0;
    }
    if (result == 0) {
      result = functions_.push_context(context_);
      is_current_ = result == 0;
    }
    return result == 0 ? Status() : InvalidArg("device {}: {}", device_id, functions_.Text(result));
  }

  CudaFunctions::Device device() const { return device_; }
  CudaFunctions::Context context() const { return context_; }
  // The context stays when the scope ends, for what was opened in it.
  void Keep() { is_retained_ = false; }
  // Gives back what an earlier scope kept.
  void Release() { functions_.release_primary_context(device_); }

 private:
  const CudaFunctions& functions_;
  CudaFunctions::Device device_ = 0;
  CudaFunctions::Context context_ = nullptr;
  bool is_retained_ = false;
  bool is_current_ = false;
};

// --- the driver ------------------------------------------------------------------------------------------------------

// Never closed: the driver leaves threads behind.
Expected<std::shared_ptr<CudaDriver>> CudaDriver::Load(const std::string& library) {
  void* const handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* const reason = dlerror();
    return Unavailable("no CUDA driver: {}", reason == nullptr ? library : reason);
  }
  const auto functions = std::make_shared<CudaFunctions>();
  if (const char* missing = functions->Find(handle); missing != nullptr) {
    return Unavailable("the CUDA driver {} has no function {}", library, missing);
  }
  if (const int result = functions->initialize(0); result != 0) {
    return Unavailable("the CUDA driver {} does not start: {}", library, functions->Text(result));
  }
  std::shared_ptr<CudaDriver> driver(new CudaDriver(functions));
  RETURN_IF_ERROR(driver->ReadDevices());
  return driver;
}

Expected<std::shared_ptr<CudaDriver>> CudaDriver::OfProcess() {
  static Mutex mutex;
  static std::shared_ptr<CudaDriver>& driver = *new std::shared_ptr<CudaDriver>();  // outlives every user
  MutexLock lock(mutex);
  if (driver == nullptr) {
    const char* const chosen = std::getenv(kDriverVariable);
    ASSIGN_OR_RETURN(driver, Load(chosen == nullptr ? "libcuda.so.1" : chosen));
  }
  return driver;
}

Status CudaDriver::ReadDevices() {
  int count = 0;
  int result = functions_->device_count(&count);
  for (int id = 0; id < count && result == 0; ++id) {
    CudaFunctions::Device device = 0;
    result = functions_->device(&device, id);
    char name[256] = {};
    CudaFunctions::Uuid uuid = {};
    size_t bytes = 0;
    int major = 0;
    int minor = 0;
    if (result == 0) result = functions_->device_name(name, sizeof(name) - 1, device);
    if (result == 0) result = functions_->device_uuid(&uuid, device);
    if (result == 0) result = functions_->device_memory(&bytes, device);
    if (result == 0) result = functions_->device_attribute(&major, kMajor, device);
    if (result == 0) result = functions_->device_attribute(&minor, kMinor, device);
    devices_.push_back({id, name, UuidText(uuid), bytes, major + minor / 10.0});
  }
  return result == 0 ? Status() : Unavailable("the GPUs cannot be listed: {}", functions_->Text(result));
}

// --- other processes' memory -----------------------------------------------------------------------------------------

Expected<uint64_t> CudaDriver::OpenIpc(int64_t device_id, const CudaIpcHandle& handle, uint64_t byte_size) {
  DeviceScope scope(*functions_);
  RETURN_IF_ERROR(scope.Enter(device_id));
  CudaFunctions::Address address = 0;
  if (const int result = functions_->open_ipc_handle(&address, handle, kIpcEnablePeerAccess); result != 0) {
    return InvalidArg("the memory handle cannot be opened: {}", functions_->Text(result));
  }
  if (Status status = CheckSize(address, byte_size); !status.ok()) {
    functions_->close_ipc_handle(address);
    return status;
  }
  scope.Keep();
  return address;
}

// A driver that cannot say how large the allocation is leaves that to the client, as the protocol always did.
Status CudaDriver::CheckSize(uint64_t address, uint64_t byte_size) const {
  CudaFunctions::Address base = 0;
  size_t size = 0;
  if (const int result = functions_->address_range(&base, &size, address); result != 0) {
    LOG_WARNING("the size of a client's CUDA memory is not known: {}", functions_->Text(result));
    return {};
  }
  if (const uint64_t rest = base + size - address; byte_size > rest) {
    return InvalidArg("expected an allocation of at least {} bytes, got {}", byte_size, rest);
  }
  return {};
}

void CudaDriver::CloseIpc(int64_t device_id, uint64_t address) {
  DeviceScope scope(*functions_);
  if (const Status status = scope.Enter(device_id); !status.ok()) {
    LOG_ERROR("a client's CUDA memory is not given back: {}", status.message());
    return;
  }
  if (const int result = functions_->close_ipc_handle(address); result != 0) {
    LOG_ERROR("a client's CUDA memory is not given back: {}", functions_->Text(result));
  }
  scope.Release();
}

Expected<CudaIpcHandle> CudaDriver::IpcHandleOf(int64_t device_id, uint64_t address) {
  DeviceScope scope(*functions_);
  RETURN_IF_ERROR(scope.Enter(device_id));
  CudaIpcHandle handle{};
  if (const int result = functions_->get_ipc_handle(&handle, address); result != 0)
    return Unavailable("memory of GPU {} cannot be shared: {}", device_id, functions_->Text(result));
  return handle;
}

// --- memory ----------------------------------------------------------------------------------------------------------

Expected<uint64_t> CudaDriver::Allocate(int64_t device_id, uint64_t byte_size) {
  DeviceScope scope(*functions_);
  RETURN_IF_ERROR(scope.Enter(device_id));
  CudaFunctions::Address address = 0;
  if (const int result = functions_->allocate(&address, byte_size); result != 0) {
    return Unavailable("GPU {} has no {} bytes of memory: {}", device_id, byte_size, functions_->Text(result));
  }
  scope.Keep();
  return address;
}

void CudaDriver::Free(int64_t device_id, uint64_t address) {
  DeviceScope scope(*functions_);
  Status status = scope.Enter(device_id);
  if (const int result = status.ok() ? functions_->free(address) : 0; result != 0) {
    status = Internal("{}", functions_->Text(result));
  }
  if (!status.ok()) {
    LOG_ERROR("memory of GPU {} is not given back: {}", device_id, status.message());
    return;
  }
  scope.Release();
}

Expected<uint64_t> CudaDriver::ReserveAddresses(int64_t device_id, uint64_t byte_size) {
  DeviceScope scope(*functions_);
  RETURN_IF_ERROR(scope.Enter(device_id));
  CudaFunctions::Address address = 0;
  if (const int result = functions_->reserve_addresses(&address, byte_size, 0, 0, 0); result != 0) {
    return Unavailable("GPU {} has no {} addresses: {}", device_id, byte_size, functions_->Text(result));
  }
  scope.Keep();
  return address;
}

void CudaDriver::FreeAddresses(int64_t device_id, uint64_t address, uint64_t byte_size) {
  DeviceScope scope(*functions_);
  if (!scope.Enter(device_id).ok()) return;
  if (const int result = functions_->free_addresses(address, byte_size); result != 0) {
    LOG_ERROR("addresses of GPU {} are not given back: {}", device_id, functions_->Text(result));
    return;
  }
  scope.Release();
}

Expected<CudaDriver::Mapped> CudaDriver::Map(int64_t device_id, uint64_t address, uint64_t byte_size) {
  DeviceScope scope(*functions_);
  RETURN_IF_ERROR(scope.Enter(device_id));
  CudaFunctions::MemoryProperties properties;
  properties.location_id = scope.device();
  CudaFunctions::Memory memory = 0;
  int result = functions_->create_memory(&memory, byte_size, &properties, 0);
  if (result != 0) {
    return Unavailable("GPU {} has no {} bytes of memory: {}", device_id, byte_size, functions_->Text(result));
  }
  result = functions_->map(address, byte_size, 0, memory, 0);
  if (result == 0) {
    CudaFunctions::Access access;
    access.location_id = scope.device();
    result = functions_->set_access(address, byte_size, &access, 1);
    if (result != 0) functions_->unmap(address, byte_size);
  }
  if (result == 0) return Mapped{.address = address, .byte_size = byte_size, .memory = memory};
  functions_->release_memory(memory);
  return Unavailable("{} bytes of GPU {} cannot be mapped: {}", byte_size, device_id, functions_->Text(result));
}

void CudaDriver::Unmap(int64_t device_id, const Mapped& mapped) {
  DeviceScope scope(*functions_);
  if (!scope.Enter(device_id).ok()) return;
  int result = functions_->unmap(mapped.address, mapped.byte_size);
  if (result == 0) result = functions_->release_memory(mapped.memory);
  if (result != 0) LOG_ERROR("memory of GPU {} is not given back: {}", device_id, functions_->Text(result));
}

// It belongs to the context of some GPU: the first.
Expected<void*> CudaDriver::AllocatePinned(uint64_t byte_size) {
  DeviceScope scope(*functions_);
  RETURN_IF_ERROR(scope.Enter(0));
  void* memory = nullptr;
  if (const int result = functions_->allocate_host(&memory, byte_size, kPortable); result != 0) {
    return Unavailable("{} bytes of memory cannot be pinned: {}", byte_size, functions_->Text(result));
  }
  scope.Keep();
  return memory;
}

void CudaDriver::FreePinned(void* memory) {
  DeviceScope scope(*functions_);
  Status status = scope.Enter(0);
  if (const int result = status.ok() ? functions_->free_host(memory) : 0; result != 0) {
    status = Internal("{}", functions_->Text(result));
  }
  if (!status.ok()) {
    LOG_ERROR("pinned memory is not given back: {}", status.message());
    return;
  }
  scope.Release();
}

Expected<CudaDriver::MemoryInfo> CudaDriver::Memory(int64_t device_id) const {
  DeviceScope scope(*functions_);
  RETURN_IF_ERROR(scope.Enter(device_id));
  size_t free = 0;
  size_t total = 0;
  if (const int result = functions_->memory_info(&free, &total); result != 0) {
    return Internal("the memory of GPU {} is not known: {}", device_id, functions_->Text(result));
  }
  return MemoryInfo{.used_bytes = total - free, .total_bytes = total};
}

// --- copies ----------------------------------------------------------------------------------------------------------

Status CudaDriver::Copy(int64_t device_id, void* to, const void* from, uint64_t byte_size) {
  if (byte_size == 0) return {};
  DeviceScope scope(*functions_);
  RETURN_IF_ERROR(scope.Enter(device_id));
  int result = functions_->copy(AddressOf(to), AddressOf(from), byte_size, OwnStream());
  if (result == 0) result = functions_->synchronize(OwnStream());
  if (result == 0) return {};
  return Internal("{} bytes cannot be copied by GPU {}: {}", byte_size, device_id, functions_->Text(result));
}

void CudaDriver::EnablePeerAccess(int64_t device_id, int64_t peer_id) {
  if (!peer_access_.load(std::memory_order_relaxed) || device_id == peer_id) return;
  MutexLock lock(mutex_);
  if (!peers_.emplace(device_id, peer_id).second) return;
  DeviceScope peer(*functions_);
  DeviceScope scope(*functions_);
  if (!peer.Enter(peer_id).ok() || !scope.Enter(device_id).ok()) return;
  int can = 0;
  int result = functions_->can_access_peer(&can, scope.device(), peer.device());
  if (result == 0 && can == 0) return;
  if (result == 0) result = functions_->enable_peer_access(peer.context(), 0);
  if (result == 0 || result == kPeerAlreadyEnabled) return;
  LOG_WARNING("GPU {} does not read the memory of GPU {} by itself: {}", device_id, peer_id, functions_->Text(result));
}

}  // namespace neso
