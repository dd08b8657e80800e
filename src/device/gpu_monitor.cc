#include "device/gpu_monitor.h"

#include <cstdlib>

#include "device/dcgm_monitor.h"
#include "device/nvml_monitor.h"

namespace neso {
namespace {

Expected<std::unique_ptr<GpuMonitor>> OpenDcgm() {
  if (const char* const chosen = std::getenv("NESO_DCGM"); chosen != nullptr) return DcgmMonitor::Open(chosen);
  Expected<std::unique_ptr<GpuMonitor>> newest = DcgmMonitor::Open("libdcgm.so.4");
  return newest ? std::move(newest) : DcgmMonitor::Open("libdcgm.so.3");
}

Expected<std::unique_ptr<GpuMonitor>> OpenNvml() {
  const char* const chosen = std::getenv("NESO_NVML");
  return NvmlMonitor::Open(chosen == nullptr ? "libnvidia-ml.so.1" : chosen);
}

}  // namespace

Expected<std::unique_ptr<GpuMonitor>> GpuMonitor::OpenDefault() {
  Expected<std::unique_ptr<GpuMonitor>> dcgm = OpenDcgm();
  if (dcgm) return dcgm;
  Expected<std::unique_ptr<GpuMonitor>> nvml = OpenNvml();
  if (nvml) return nvml;
  return Unavailable("{}; {}", nvml.error().message(), dcgm.error().message());
}

}  // namespace neso
