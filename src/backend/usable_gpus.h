// The GPUs that models may use: those of the machine with enough compute capability. And whether one has room for
// another model.
//
//   UsableGpus gpus({.min_compute_capability = 7.5});
//   NormalizeInstanceGroups(gpus.For(config), preferred, config);
//   RETURN_IF_ERROR(gpus.CheckLimits(config));
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "backend/backend_options.h"
#include "base/mutex.h"
#include "base/status.h"
#include "config/model_config.pb.h"
#include "config/validate.h"
#include "device/cuda_driver.h"

namespace neso {

// Thread-safe. The driver is asked once, when the first model is loaded that may use a GPU; without a GPU in the machine
// it is not looked for.
class UsableGpus {
 public:
  explicit UsableGpus(const BackendOptions& options);
  UsableGpus(const UsableGpus&) = delete;
  UsableGpus& operator=(const UsableGpus&) = delete;

  // Their numbers, ascending; none for a model whose instances run elsewhere in any case.
  std::span<const int> For(const inference::ModelConfig& config);
  // For() and what it went by.
  GpuInventory InventoryFor(const inference::ModelConfig& config);

  // Whether each GPU of the configuration, complete and valid, has less of its memory in use than
  // --model-load-gpu-limit allows. Errors: kUnavailable, and what the driver says.
  Status CheckLimits(const inference::ModelConfig& config);

 private:
  // Null without any.
  const CudaDriver* Driver();

  const double min_compute_capability_;
  const std::map<int, double> load_limits_;
  const bool peer_access_;
  Mutex mutex_;
  bool has_looked_ GUARDED_BY(mutex_) = false;
  std::shared_ptr<CudaDriver> driver_ GUARDED_BY(mutex_);
  std::vector<int> ids_;  // constant once it has looked
};

}  // namespace neso
