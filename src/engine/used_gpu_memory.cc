#include "engine/used_gpu_memory.h"

#include <cstdint>
#include <map>
#include <utility>

#include "base/log.h"
#include "device/gpu_monitor.h"

namespace neso {

SystemMemory::ReadGpus UsedGpuMemory(const std::shared_ptr<CudaDriver>& gpus) {
  if (gpus == nullptr) return {};
  Expected<std::unique_ptr<GpuMonitor>> opened = GpuMonitor::OpenDefault();
  if (!opened) {
    LOG_WARNING("what models take of GPUs is not measured: {}", opened.error().message());
    return {};
  }
  const std::shared_ptr<const GpuMonitor> monitor = *std::move(opened);
  std::map<int, GpuMonitor::Gpu> known;
  for (const GpuDevice& gpu : gpus->devices()) {
    if (const Expected<GpuMonitor::Gpu> found = monitor->Find(gpu.uuid)) known[static_cast<int>(gpu.id)] = *found;
  }
  return [monitor, known = std::move(known)] {
    std::map<int, int64_t> used;
    for (const auto& [id, gpu] : known) {
      if (const auto bytes = monitor->Read(gpu).memory_used_bytes) used[id] = static_cast<int64_t>(*bytes);
    }
    return used;
  };
}

}  // namespace neso
