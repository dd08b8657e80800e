// A loaded model version whose instances run in a plug-in.
#pragma once

#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "backend/backend_instance.h"
#include "backend/backend_options.h"
#include "backend/plugin_model.h"
#include "core/model.h"
#include "schedule/batch_strategy.h"
#include "schedule/rate_limiter.h"
#include "schedule/scheduling_context.h"

namespace neso {

class WarmUp;

using Instances = std::vector<std::shared_ptr<BackendInstance>>;

// Thread-safe once loaded. Destroyed only when no request needs it any more: the scheduler goes first, then the
// instances, then the plug-in's model.
class BackendModel final : public Model {
 public:
  // `plugin` has been initialised and its draft is complete and valid; it becomes the model's configuration. `strategy`
  // and `limiter` may be null. `options` outlives the model.
  BackendModel(std::unique_ptr<PluginModel> plugin, std::map<std::string, std::vector<std::string>> labels,
               std::unique_ptr<BatchStrategy> strategy, const BackendOptions& options,
               std::shared_ptr<RateLimiter> limiter);
  ~BackendModel() override;

  // Makes and warms up all instances, then attaches the scheduler. Once, before the model is published.
  // Errors: the first that an instance or its warm-up reports; kUnavailable when the load is stopped.
  Status Start(const SchedulingContext& context);
  // Makes what `config`, complete and valid, has more of and drops what it has less of. Serves on meanwhile.
  // On error, and when it is stopped, nothing changes.
  Status UpdateInstanceGroups(const inference::ModelConfig& config, std::stop_token stop);

  // The first instance that is not ready says why.
  Status CheckReady() const override;
  // Why all its instances are lost; empty: one is not. Does not wait.
  std::string WhyLost() const;
  Backend& backend() const { return plugin_->backend(); }

 private:
  // One update at a time. It makes and ends instances, which is why it holds no lock.
  class Update;

  Expected<Instances> MakeInstances(const std::vector<InstanceSpec>& specs, const inference::ModelConfig& config);
  // On a thread of its own, if its backend or its host policy wants one; those of a device may share it.
  using DeviceThreads = std::map<int32_t, std::shared_ptr<InstanceThread>>;
  Expected<std::shared_ptr<BackendInstance>> MakeInstance(const InstanceSpec& spec, DeviceThreads& device_threads);
  Expected<std::shared_ptr<ResourceClaim>> ClaimOf(const InstanceSpec& spec) const;
  bool SharesDeviceThread(const InstanceSpec& spec) const;
  // All of them, side by side where the backend allows it. Error: the first by their order.
  Status StartInstances(const Instances& instances, const WarmUp& warm_up) const;
  Status StartInstance(BackendInstance& instance, const WarmUp& warm_up) const;

  const std::map<std::string, BackendSettings>& host_policies_;
  const std::map<int, uint64_t>& gpu_addresses_;
  const std::shared_ptr<RateLimiter> limiter_;  // null: nothing is limited
  const std::unique_ptr<PluginModel> plugin_;
  const std::unique_ptr<BatchStrategy> strategy_;
  mutable Mutex mutex_;
  CondVar update_ended_;
  bool is_updating_ GUARDED_BY(mutex_) = false;
  Instances instances_ GUARDED_BY(mutex_);
};

}  // namespace neso
