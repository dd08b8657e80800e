// Stands in for libnvidia-ml.so.1: the two GPUs of fake_cuda_driver.cc. GPU 1 does not tell its power limit and energy.
// The energy of GPU 0 grows by 1,500 mJ with each reading. With NESO_FAKE_NVML=none in the environment it does not start.
#include <atomic>
#include <cstdlib>
#include <cstring>

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace {

// NVML's numbers.
constexpr int kSuccess = 0;
constexpr int kNotSupported = 3;
constexpr int kNotFound = 6;
constexpr int kDriverNotLoaded = 9;

constexpr const char* kUuids[] = {"GPU-a0a0a0a0-a0a0-a0a0-a0a0-a0a0a0a0a0a0",
                                  "GPU-a1a1a1a1-a1a1-a1a1-a1a1-a1a1a1a1a1a1"};

bool IsFirst(const void* gpu) { return gpu == kUuids[0]; }

}  // namespace

EXPORT int nvmlInit_v2() { return std::getenv("NESO_FAKE_NVML") == nullptr ? kSuccess : kDriverNotLoaded; }
EXPORT int nvmlShutdown() { return kSuccess; }
EXPORT const char* nvmlErrorString(int result) { return result == kNotFound ? "Not Found" : "Driver Not Loaded"; }

EXPORT int nvmlDeviceGetHandleByUUID(const char* uuid, const void** gpu) {
  for (const char* known : kUuids) {
    if (std::strcmp(known, uuid) != 0) continue;
    *gpu = known;
    return kSuccess;
  }
  return kNotFound;
}

EXPORT int nvmlDeviceGetUtilizationRates(const void* gpu, unsigned* percent) {
  percent[0] = IsFirst(gpu) ? 37 : 0;
  percent[1] = 5;
  return kSuccess;
}

EXPORT int nvmlDeviceGetMemoryInfo(const void*, unsigned long long* bytes) {
  bytes[0] = 17'179'869'184;
  bytes[1] = 16'179'869'184;
  bytes[2] = 1'000'000'000;
  return kSuccess;
}

EXPORT int nvmlDeviceGetPowerUsage(const void*, unsigned* milliwatts) {
  *milliwatts = 71'500;
  return kSuccess;
}

EXPORT int nvmlDeviceGetPowerManagementLimit(const void* gpu, unsigned* milliwatts) {
  *milliwatts = 700'000;
  return IsFirst(gpu) ? kSuccess : kNotSupported;
}

EXPORT int nvmlDeviceGetTotalEnergyConsumption(const void* gpu, unsigned long long* millijoules) {
  static std::atomic<unsigned long long> energy{123'000};
  *millijoules = energy.fetch_add(1'500);
  return IsFirst(gpu) ? kSuccess : kNotSupported;
}
