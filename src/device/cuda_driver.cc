#include "device/cuda_driver.h"

#include <dlfcn.h>

#include <climits>

#include "base/log.h"

namespace neso {

// The functions by what they are for; types are the library's, under our names. All return 0 for success.
struct CudaDriver::Functions {
  using Device = int;
  using Context = void*;
  using Address = unsigned long long;

  int (*initialize)(unsigned flags);
  int (*error_string)(int result, const char** text);
  int (*device)(Device* device, int ordinal);
  int (*retain_primary_context)(Context* context, Device device);
  int (*release_primary_context)(Device device);
  int (*push_context)(Context context);
  int (*pop_context)(Context* context);
  int (*open_ipc_handle)(Address* address, CudaIpcHandle handle, unsigned flags);
  int (*close_ipc_handle)(Address address);
  int (*address_range)(Address* base, size_t* size, Address address);

  // Null on success, else the name of the symbol that is missing.
  const char* Find(void* library) {
    const char* missing = nullptr;
    const auto find = [&](auto& function, const char* symbol) {
      function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(library, symbol));
      if (function == nullptr && missing == nullptr) missing = symbol;
    };
    find(initialize, "cuInit");
    find(error_string, "cuGetErrorString");
    find(device, "cuDeviceGet");
    find(retain_primary_context, "cuDevicePrimaryCtxRetain");
    find(release_primary_context, "cuDevicePrimaryCtxRelease_v2");
    find(push_context, "cuCtxPushCurrent_v2");
    find(pop_context, "cuCtxPopCurrent_v2");
    find(open_ipc_handle, "cuIpcOpenMemHandle_v2");
    find(close_ipc_handle, "cuIpcCloseMemHandle");
    find(address_range, "cuMemGetAddressRange_v2");
    return missing;
  }

  std::string Text(int result) const {
    const char* text = nullptr;
    return error_string(result, &text) == 0 && text != nullptr ? text : fmt::format("error {}", result);
  }
};

namespace {

// CU_IPC_MEM_LAZY_ENABLE_PEER_ACCESS: the one flag there is, and required.
constexpr unsigned kEnablePeerAccess = 1;

}  // namespace

// A device's primary context, which frameworks use too, as the thread's current one.
class CudaDriver::DeviceScope {
 public:
  explicit DeviceScope(const Functions& functions) : functions_(functions) {}
  DeviceScope(const DeviceScope&) = delete;
  DeviceScope& operator=(const DeviceScope&) = delete;
  ~DeviceScope() {
    Functions::Context context = nullptr;
    if (is_current_) functions_.pop_context(&context);
    if (is_retained_) functions_.release_primary_context(device_);
  }

  Status Enter(int64_t device_id) {
    if (device_id < 0 || device_id > INT_MAX) return InvalidArg("device {}: there is no such device", device_id);
    int result = functions_.device(&device_, static_cast<int>(device_id));
    Functions::Context context = nullptr;
    if (result == 0) {
      result = functions_.retain_primary_context(&context, device_);
      is_retained_ = result == 0;
    }
    if (result == 0) {
      result = functions_.push_context(context);
      is_current_ = result == 0;
    }
    return result == 0 ? Status() : InvalidArg("device {}: {}", device_id, functions_.Text(result));
  }

  // The context stays when the scope ends, for what was opened in it.
  void Keep() { is_retained_ = false; }
  // Gives back what an earlier scope kept.
  void Release() { functions_.release_primary_context(device_); }

 private:
  const Functions& functions_;
  Functions::Device device_ = 0;
  bool is_retained_ = false;
  bool is_current_ = false;
};

// Never closed: the driver leaves threads behind.
Expected<std::shared_ptr<CudaDriver>> CudaDriver::Load(const std::string& library) {
  void* const handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* const reason = dlerror();
    return Unavailable("no CUDA driver: {}", reason == nullptr ? library : reason);
  }
  const auto functions = std::make_shared<Functions>();
  if (const char* missing = functions->Find(handle); missing != nullptr) {
    return Unavailable("the CUDA driver {} has no function {}", library, missing);
  }
  if (const int result = functions->initialize(0); result != 0) {
    return Unavailable("the CUDA driver {} does not start: {}", library, functions->Text(result));
  }
  return std::shared_ptr<CudaDriver>(new CudaDriver(functions));
}

Expected<uint64_t> CudaDriver::OpenIpc(int64_t device_id, const CudaIpcHandle& handle, uint64_t byte_size) {
  DeviceScope scope(*functions_);
  RETURN_IF_ERROR(scope.Enter(device_id));
  Functions::Address address = 0;
  if (const int result = functions_->open_ipc_handle(&address, handle, kEnablePeerAccess); result != 0) {
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
  Functions::Address base = 0;
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

}  // namespace neso
