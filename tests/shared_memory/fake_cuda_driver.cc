// Stands in for libcuda.so.1 where there is no GPU: a "GPU" whose memory is the machine's. An IPC handle is the key of
// a POSIX shared-memory object, filled up with zeroes; opening it maps the object.
//
// There are devices 0 and 1. With NESO_FAKE_CUDA=none in the environment there is none: the driver does not start. With
// NESO_FAKE_CUDA=sizeless it cannot tell the size of an allocation. FakeCudaCounts tells the tests what is still held.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <string>

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace {

using Address = unsigned long long;
struct IpcHandle {
  char bytes[64];
};

// CUDA's numbers.
constexpr int kSuccess = 0;
constexpr int kInvalidValue = 1;
constexpr int kNoDevice = 100;
constexpr int kInvalidDevice = 101;
constexpr int kInvalidContext = 201;
constexpr int kInvalidHandle = 400;
constexpr int kDevices = 2;

std::mutex mutex;
std::map<Address, size_t> open_memory;  // sizes of what is mapped
int retained[kDevices] = {0, 0};
thread_local int context_depth = 0;

bool IsMode(const char* mode) {
  const char* const chosen = std::getenv("NESO_FAKE_CUDA");
  return chosen != nullptr && std::strcmp(chosen, mode) == 0;
}

}  // namespace

struct FakeCudaState {
  size_t open_handles;
  int retained_contexts;
  int context_depth;  // of the calling thread
};
EXPORT FakeCudaState FakeCudaCounts() {
  const std::lock_guard<std::mutex> lock(mutex);
  return {open_memory.size(), retained[0] + retained[1], context_depth};
}

EXPORT int cuInit(unsigned) { return IsMode("none") ? kNoDevice : kSuccess; }

EXPORT int cuGetErrorString(int result, const char** text) {
  switch (result) {
    case kNoDevice: *text = "no CUDA-capable device is detected"; return kSuccess;
    case kInvalidDevice: *text = "invalid device ordinal"; return kSuccess;
    case kInvalidHandle: *text = "invalid resource handle"; return kSuccess;
    default: *text = nullptr; return kInvalidValue;
  }
}

EXPORT int cuDeviceGet(int* device, int ordinal) {
  if (ordinal < 0 || ordinal >= kDevices) return kInvalidDevice;
  *device = ordinal;
  return kSuccess;
}

EXPORT int cuDevicePrimaryCtxRetain(void** context, int device) {
  const std::lock_guard<std::mutex> lock(mutex);
  ++retained[device];
  *context = &retained[device];
  return kSuccess;
}

EXPORT int cuDevicePrimaryCtxRelease_v2(int device) {
  const std::lock_guard<std::mutex> lock(mutex);
  if (retained[device] == 0) return kInvalidContext;
  --retained[device];
  return kSuccess;
}

EXPORT int cuCtxPushCurrent_v2(void*) {
  ++context_depth;
  return kSuccess;
}

EXPORT int cuCtxPopCurrent_v2(void** context) {
  if (context_depth == 0) return kInvalidContext;
  --context_depth;
  *context = nullptr;
  return kSuccess;
}

EXPORT int cuIpcOpenMemHandle_v2(Address* address, IpcHandle handle, unsigned flags) {
  if (context_depth == 0) return kInvalidContext;
  if (flags != 1) return kInvalidValue;
  const std::string key(handle.bytes, strnlen(handle.bytes, sizeof(handle.bytes)));
  const int fd = key.empty() ? -1 : shm_open(key.c_str(), O_RDWR, 0);
  if (fd < 0) return kInvalidHandle;
  struct stat status = {};
  fstat(fd, &status);
  void* const base = mmap(nullptr, static_cast<size_t>(status.st_size), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (base == MAP_FAILED) return kInvalidHandle;
  *address = reinterpret_cast<Address>(base);
  const std::lock_guard<std::mutex> lock(mutex);
  open_memory[*address] = static_cast<size_t>(status.st_size);
  return kSuccess;
}

EXPORT int cuIpcCloseMemHandle(Address address) {
  if (context_depth == 0) return kInvalidContext;
  const std::lock_guard<std::mutex> lock(mutex);
  const auto found = open_memory.find(address);
  if (found == open_memory.end()) return kInvalidValue;
  munmap(reinterpret_cast<void*>(address), found->second);
  open_memory.erase(found);
  return kSuccess;
}

EXPORT int cuMemGetAddressRange_v2(Address* base, size_t* size, Address address) {
  if (IsMode("sizeless")) return kInvalidValue;
  const std::lock_guard<std::mutex> lock(mutex);
  const auto found = open_memory.find(address);
  if (found == open_memory.end()) return kInvalidValue;
  *base = found->first;
  *size = found->second;
  return kSuccess;
}
