#include "backend/usable_gpus.h"

#include <algorithm>
#include <set>

#include "base/log.h"

namespace neso {
namespace {

using inference::ModelInstanceGroup;

bool MayUseGpu(const inference::ModelConfig& config) {
  const auto& groups = config.instance_group();
  return groups.empty() || std::any_of(groups.begin(), groups.end(), [](const ModelInstanceGroup& group) {
           return group.kind() == ModelInstanceGroup::KIND_AUTO || group.kind() == ModelInstanceGroup::KIND_GPU;
         });
}

}  // namespace

UsableGpus::UsableGpus(const BackendOptions& options)
    : min_compute_capability_(options.min_compute_capability),
      load_limits_(options.gpu_load_limits),
      peer_access_(options.peer_access) {}

const CudaDriver* UsableGpus::Driver() {
  MutexLock lock(mutex_);
  if (has_looked_) return driver_.get();
  has_looked_ = true;
  if (!MachineHasGpu()) return nullptr;
  Expected<std::shared_ptr<CudaDriver>> driver = CudaDriver::OfProcess();
  if (!driver) {
    LOG_WARNING("the machine's GPUs are not used: {}", driver.error().message());
    return nullptr;
  }
  driver_ = *std::move(driver);
  if (peer_access_) driver_->AllowPeerAccess();
  for (const GpuDevice& gpu : driver_->devices()) {
    const bool is_usable = gpu.compute_capability >= min_compute_capability_;
    LOG_INFO("GPU {}: {}, {} MiB, compute capability {:.1f}{}", gpu.id, gpu.name, gpu.memory_bytes >> 20,
             gpu.compute_capability, is_usable ? "" : ": less than --min-supported-compute-capability, not used");
    if (is_usable) ids_.push_back(gpu.id);
  }
  return driver_.get();
}

std::span<const int> UsableGpus::For(const inference::ModelConfig& config) {
  if (!MayUseGpu(config)) return {};
  Driver();
  return ids_;
}

GpuInventory UsableGpus::InventoryFor(const inference::ModelConfig& config) {
  return {.ids = For(config), .min_compute_capability = min_compute_capability_};
}

Status UsableGpus::CheckLimits(const inference::ModelConfig& config) {
  if (load_limits_.empty()) return {};
  std::set<int> gpus;
  for (const ModelInstanceGroup& group : config.instance_group()) gpus.insert(group.gpus().begin(), group.gpus().end());
  for (const int gpu : gpus) {
    const auto limit = load_limits_.find(gpu);
    const CudaDriver* const driver = limit == load_limits_.end() ? nullptr : Driver();
    if (driver == nullptr) continue;
    ASSIGN_OR_RETURN(const CudaDriver::MemoryInfo memory, driver->Memory(gpu));
    if (static_cast<double>(memory.used_bytes) <= limit->second * static_cast<double>(memory.total_bytes)) continue;
    return Unavailable(
        "can not create model '{}': memory limit set for GPU {} has exceeded, model loading is rejected: {} of {} bytes "
        "are in use, --model-load-gpu-limit allows {:g} of them",
        config.name(), gpu, memory.used_bytes, memory.total_bytes, limit->second);
  }
  return {};
}

}  // namespace neso
