// A model instance that runs in a plug-in: TRITONBACKEND_ModelInstance.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "backend/host_policy.h"
#include "backend/instance_spec.h"
#include "backend/plugin_model.h"
#include "base/log_scope.h"
#include "base/mutex.h"
#include "core/instance.h"
#include "core/instance_thread.h"
#include "core/message.h"
#include "core/statistics.h"

namespace neso {

class BackendInstance final : public ModelInstance, public TRITONBACKEND_ModelInstance {
 public:
  // `model` and `statistics` are borrowed: the instance goes before its model. Everything of the instance runs on
  // `thread`; null if it runs on any. `claim` is null if nothing limits it.
  BackendInstance(PluginModel& model, InstanceSpec spec, HostPolicy policy, ModelStatistics& statistics,
                  std::shared_ptr<InstanceThread> thread, std::shared_ptr<ResourceClaim> claim);
  // Runs TRITONBACKEND_ModelInstanceFinalize, also after an Initialize that failed (plug-ins count on it).
  // Precondition: Execute does not run and will not be called.
  ~BackendInstance() override;

  // Runs TRITONBACKEND_ModelInstanceInitialize.
  Status Initialize();
  // Runs Execute where the scheduler would, and waits for it to return.
  void ExecuteOnThread(std::span<InferenceRequest* const> requests);
  // Asks TRITONBACKEND_ModelInstanceReady, if there is one and it is not lost. Thread-safe.
  Status CheckReady();

  const std::string& name() const override { return spec_.name; }
  bool is_passive() const override { return spec_.is_passive; }
  bool runs_on_any_thread() const override { return thread_ == nullptr; }
  InstanceThread* thread() override { return thread_.get(); }
  std::shared_ptr<ResourceClaim> resource_claim() const override { return claim_; }
  void Execute(std::span<InferenceRequest* const> requests) override;

  // It will execute nothing any more: the plug-in says so, and why. Thread-safe; the first reason stays.
  void SetLost(std::string why);
  // Empty: it may execute.
  std::string why_lost() const;

  const InstanceSpec& spec() const { return spec_; }
  PluginModel& model() const { return model_; }
  Message& host_policy_message() { return host_policy_message_; }
  StatisticsShard& statistics() { return statistics_; }
  void ReportMemoryUsage(std::vector<ModelStatistics::MemoryUsage> usage);

  void* state() const { return state_; }
  void set_state(void* state) { state_ = state; }

 private:
  LogSubject log_subject() const;
  void Finalize();
  void RunOnThread(const std::function<void()>& work);

  PluginModel& model_;
  const InstanceSpec spec_;
  const HostPolicy policy_;
  Message host_policy_message_;
  ModelStatistics& model_statistics_;
  StatisticsShard& statistics_;
  const std::shared_ptr<InstanceThread> thread_;
  const std::shared_ptr<ResourceClaim> claim_;
  bool initialize_called_ = false;
  void* state_ = nullptr;
  mutable Mutex mutex_;
  std::string why_lost_ GUARDED_BY(mutex_);
  // Used by the one execution that runs; kept so that a steady stream of batches allocates nothing.
  std::vector<TRITONBACKEND_Request*> handles_;
  std::vector<InferenceRequest*> unreleased_;
};

}  // namespace neso
