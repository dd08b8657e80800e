#include "backend/backend_instance.h"

#include "backend/execution_scope.h"
#include "base/log.h"
#include "base/log_scope.h"
#include "core/foreign_call.h"
#include "core/response.h"

namespace neso {
BackendInstance::BackendInstance(PluginModel& model, InstanceSpec spec, HostPolicy policy, ModelStatistics& statistics,
                                 std::shared_ptr<InstanceThread> thread, std::shared_ptr<ResourceClaim> claim)
    : model_(model),
      spec_(std::move(spec)),
      policy_(std::move(policy)),
      host_policy_message_(policy_.json()),
      model_statistics_(statistics),
      statistics_(statistics.TakeShard(spec_.kind == TRITONSERVER_INSTANCEGROUPKIND_GPU ? spec_.device_id
                                                                                        : ModelStatistics::kNoGpu)),
      thread_(std::move(thread)),
      claim_(std::move(claim)) {}

BackendInstance::~BackendInstance() {
  if (initialize_called_) Finalize();
  model_statistics_.GiveBackShard(statistics_);
}

void BackendInstance::Finalize() {
  RunOnThread([this] {
    const Status status =
        CallForeign("TRITONBACKEND_ModelInstanceFinalize", model_.backend().functions().model_instance_finalize, this);
    if (!status.ok()) LOG_ERROR("failed finalizing model instance '{}': {}", name(), status.ToString());
  });
  model_statistics_.SetMemoryUsage(this, {});
}

LogSubject BackendInstance::log_subject() const { return {.model = model_.name(), .version = model_.version()}; }

void BackendInstance::RunOnThread(const std::function<void()>& work) {
  const auto run = [&] {
    const LogScope scope(log_subject());
    work();
  };
  if (thread_ == nullptr) return run();
  thread_->Run(run);
}

Status BackendInstance::Initialize() {
  initialize_called_ = true;
  Status status;
  RunOnThread([&] {
    if (policy_.binds()) policy_.BindThread();
    status = CallForeign("TRITONBACKEND_ModelInstanceInitialize",
                         model_.backend().functions().model_instance_initialize, this);
  });
  return status;
}

Status BackendInstance::CheckReady() {
  if (const std::string lost = why_lost(); !lost.empty()) return Internal("{}", lost);
  return CallForeign("TRITONBACKEND_ModelInstanceReady", model_.backend().functions().model_instance_ready, this);
}

void BackendInstance::SetLost(std::string why) {
  MutexLock lock(mutex_);
  if (why_lost_.empty()) why_lost_ = why.empty() ? "the backend says so" : std::move(why);
}

std::string BackendInstance::why_lost() const {
  MutexLock lock(mutex_);
  return why_lost_;
}

void BackendInstance::ExecuteOnThread(std::span<InferenceRequest* const> requests) {
  RunOnThread([&] { Execute(requests); });
}

void BackendInstance::Execute(std::span<InferenceRequest* const> requests) {
  unreleased_.assign(requests.begin(), requests.end());
  handles_.assign(requests.begin(), requests.end());

  Status status;
  {
    const LogScope log_scope(log_subject());
    ExecutionScope scope(*this, unreleased_);
    status = CallForeign("TRITONBACKEND_ModelInstanceExecute", model_.backend().functions().model_instance_execute,
                         this, handles_.data(), static_cast<uint32_t>(handles_.size()));
  }
  if (status.ok()) return;
  // On an error the requests are ours again, except those that the plug-in released before it failed.
  for (InferenceRequest* request : unreleased_) {
    if (request == nullptr) continue;
    InferenceRequest::RespondAndRelease(std::unique_ptr<InferenceRequest>(request), status,
                                        InferenceRequest::FailureReason::kBackend);
  }
}

void BackendInstance::ReportMemoryUsage(std::vector<ModelStatistics::MemoryUsage> usage) {
  model_statistics_.SetMemoryUsage(this, std::move(usage));
}

}  // namespace neso
