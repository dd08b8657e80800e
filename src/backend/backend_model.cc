#include "backend/backend_model.h"

#include <algorithm>
#include <thread>

#include "backend/state_specs.h"
#include "backend/warmup.h"
#include "base/catch_exceptions.h"
#include "base/check.h"
#include "base/log.h"
#include "base/log_scope.h"
#include "base/thread_start.h"
#include "schedule/make_scheduler.h"

namespace neso {
namespace {

// Instances that start side by side wait for disks and devices more than for processors.
constexpr size_t kMaxStartThreads = 64;

// When every instance is passive nothing ever executes; requests are told so instead of waiting for ever.
class NothingScheduled final : public Scheduler {
 public:
  explicit NothingScheduled(const std::string& model_name) : model_name_(model_name) {}
  Status Enqueue(std::unique_ptr<InferenceRequest>& request) override {
    return Unavailable("{}all instances of model '{}' are passive", request->LogPrefix(), model_name_);
  }
  void Stop() override {}

 private:
  const std::string& model_name_;
};

std::vector<ModelInstance*> Scheduled(const Instances& instances) {
  std::vector<ModelInstance*> scheduled;
  for (const auto& instance : instances) {
    if (!instance->is_passive()) scheduled.push_back(instance.get());
  }
  return scheduled;
}

// Takes an instance that serves for `spec` out of `instances`; null if there is none.
std::shared_ptr<BackendInstance> TakeMatching(Instances& instances, const InstanceSpec& spec) {
  auto found = std::find_if(instances.begin(), instances.end(), [&](const auto& i) { return i->spec() == spec; });
  if (found == instances.end()) {
    found =
        std::find_if(instances.begin(), instances.end(), [&](const auto& i) { return i->spec().SameButForName(spec); });
  }
  if (found == instances.end()) return nullptr;
  std::shared_ptr<BackendInstance> instance = std::move(*found);
  instances.erase(found);
  return instance;
}

}  // namespace

BackendModel::BackendModel(std::unique_ptr<PluginModel> plugin, std::map<std::string, std::vector<std::string>> labels,
                           std::unique_ptr<BatchStrategy> strategy, const BackendOptions& options,
                           std::shared_ptr<RateLimiter> limiter)
    : Model(std::move(plugin->draft()), plugin->version(), std::move(labels)),
      host_policies_(options.host_policies),
      gpu_addresses_(options.gpu_addresses),
      limiter_(std::move(limiter)),
      plugin_(std::move(plugin)),
      strategy_(std::move(strategy)) {
  if (options.histogram_bounds) {
    statistics().EnableHistograms(LatencyBoundsOf(config(), *options.histogram_bounds));
  }
  if (options.latency_summaries) statistics().EnableSummaries();
  plugin_->Attach(*this);
}

BackendModel::~BackendModel() {
  SetScheduler(nullptr);
  Instances instances;
  {
    MutexLock lock(mutex_);
    instances.swap(instances_);
  }
  instances.clear();
}

Status BackendModel::Start(const SchedulingContext& context) {
  ASSIGN_OR_RETURN(std::vector<StateSpec> states, ReadStateSpecs(config(), plugin_->folder()));
  for (StateSpec& state : states) state.gpu_addresses = gpu_addresses_;
  ASSIGN_OR_RETURN(Instances instances, MakeInstances(ExpandInstanceGroups(config()), config()));
  const std::vector<ModelInstance*> scheduled = Scheduled(instances);
  {
    MutexLock lock(mutex_);
    instances_ = std::move(instances);
  }
  if (scheduled.empty()) {
    SetScheduler(std::make_unique<NothingScheduled>(name()));
    return {};
  }
  SetScheduler(MakeScheduler(*this, scheduled, context, {.states = std::move(states), .strategy = strategy_.get()}));
  return {};
}

class BackendModel::Update {
 public:
  explicit Update(BackendModel& model) : model_(model) {
    MutexLock lock(model_.mutex_);
    while (model_.is_updating_) model_.update_ended_.Wait(model_.mutex_);
    model_.is_updating_ = true;
  }
  ~Update() {
    MutexLock lock(model_.mutex_);
    model_.is_updating_ = false;
    model_.update_ended_.NotifyOne();
  }
  Update(const Update&) = delete;
  Update& operator=(const Update&) = delete;

 private:
  BackendModel& model_;
};

Status BackendModel::UpdateInstanceGroups(const inference::ModelConfig& config, std::stop_token stop) {
  const Update update(*this);
  plugin_->set_load_stop(std::move(stop));
  Instances removed;
  {
    MutexLock lock(mutex_);
    removed = instances_;
  }
  Instances kept;
  std::vector<InstanceSpec> missing;
  for (const InstanceSpec& spec : ExpandInstanceGroups(config)) {
    if (std::shared_ptr<BackendInstance> instance = TakeMatching(removed, spec)) {
      LOG_VERBOSE(1, "Re-using model instance named '{}' with device id '{}'", instance->name(), spec.device_id);
      kept.push_back(std::move(instance));
    } else {
      missing.push_back(spec);
    }
  }
  ASSIGN_OR_RETURN(Instances added, MakeInstances(missing, config));
  Instances all = std::move(kept);
  all.insert(all.end(), added.begin(), added.end());
  const std::vector<ModelInstance*> scheduled = Scheduled(all);
  if (scheduled.empty()) return Unsupported("all instances of model '{}' would be passive", name());
  RETURN_IF_ERROR(scheduler().UpdateInstances(scheduled));
  MutexLock lock(mutex_);
  instances_ = std::move(all);
  return {};
}

Status BackendModel::CheckReady() const {
  Instances instances;
  {
    MutexLock lock(mutex_);
    instances = instances_;
  }
  for (const auto& instance : instances) RETURN_IF_ERROR(instance->CheckReady());
  return {};
}

// Those that are passive would execute nothing anyway.
std::string BackendModel::WhyLost() const {
  std::string why;
  MutexLock lock(mutex_);
  for (const auto& instance : instances_) {
    if (instance->is_passive()) continue;
    std::string lost = instance->why_lost();
    if (lost.empty()) return "";
    if (why.empty()) why = std::move(lost);
  }
  return why;
}

// The execution policy TRITONBACKEND_EXECUTION_DEVICE_BLOCKING; sequences need a thread for each instance.
bool BackendModel::SharesDeviceThread(const InstanceSpec& spec) const {
  return backend().execution_policy() == TRITONBACKEND_EXECUTION_DEVICE_BLOCKING &&
         spec.kind == TRITONSERVER_INSTANCEGROUPKIND_GPU && !config().has_sequence_batching();
}

Status BackendModel::StartInstance(BackendInstance& instance, const WarmUp& warm_up) const {
  const std::stop_token stop = plugin_->load_stop();
  if (stop.stop_requested()) return LoadStopped();
  const LogScope scope({.model = name(), .version = version()});
  Status status = instance.Initialize();
  // A plug-in that was told of it may have come to its end before it heard.
  if (status.ok() && stop.stop_requested()) status = LoadStopped();
  if (status.ok() && !instance.is_passive()) status = warm_up.Run(instance, stop);
  if (!status.ok()) {
    LOG_ERROR("ERROR: Failed to create instance: {}", status.message());
    return status;
  }
  LOG_VERBOSE(1, "Created model instance named '{}' with device id '{}'", instance.name(), instance.spec().device_id);
  return {};
}

Expected<std::shared_ptr<ResourceClaim>> BackendModel::ClaimOf(const InstanceSpec& spec) const {
  if (limiter_ == nullptr || spec.is_passive) return std::shared_ptr<ResourceClaim>();
  inference::ModelRateLimiter config;
  CHECK(config.ParseFromString(spec.rate_limiter), "the message was serialised here");
  return limiter_->Admit(config, spec.device_id);
}

Expected<std::shared_ptr<BackendInstance>> BackendModel::MakeInstance(const InstanceSpec& spec,
                                                                      DeviceThreads& device_threads) {
  const auto settings = host_policies_.find(spec.host_policy);
  ASSIGN_OR_RETURN(HostPolicy policy,
                   HostPolicy::Make(spec.host_policy, settings == host_policies_.end() ? nullptr : &settings->second));
  ASSIGN_OR_RETURN(std::shared_ptr<ResourceClaim> claim, ClaimOf(spec));
  std::shared_ptr<InstanceThread> thread;
  if (!backend().runs_on_any_thread() || policy.binds()) {
    std::shared_ptr<InstanceThread>& shared = device_threads[spec.device_id];
    if (!SharesDeviceThread(spec)) shared = nullptr;
    if (shared == nullptr) shared = std::make_shared<InstanceThread>(spec.name);
    thread = shared;
  }
  return std::make_shared<BackendInstance>(*plugin_, spec, std::move(policy), statistics(), std::move(thread),
                                           std::move(claim));
}

Expected<Instances> BackendModel::MakeInstances(const std::vector<InstanceSpec>& specs,
                                                const inference::ModelConfig& config) {
  ASSIGN_OR_RETURN(const WarmUp warm_up, WarmUp::Prepare(config, version(), plugin_->folder()));
  Instances instances;
  DeviceThreads device_threads;
  for (const InstanceSpec& spec : specs) {
    ASSIGN_OR_RETURN(std::shared_ptr<BackendInstance> instance, MakeInstance(spec, device_threads));
    instances.push_back(std::move(instance));
  }
  RETURN_IF_ERROR(StartInstances(instances, warm_up));
  return instances;
}

// Also on threads of its own, which an exception must not leave.
Status BackendModel::StartInstances(const Instances& instances, const WarmUp& warm_up) const {
  std::vector<Status> results(instances.size());
  std::atomic<size_t> next{0};
  const auto work = [&] {
    for (size_t i = next++; i < instances.size(); i = next++) {
      results[i] = CatchExceptions([&] { return StartInstance(*instances[i], warm_up); });
      if (!results[i].ok()) next = instances.size();
    }
  };
  const size_t wanted = backend().LoadsInstancesInParallel() ? std::min(instances.size(), kMaxStartThreads) : 1;
  std::vector<std::thread> helpers(wanted > 0 ? wanted - 1 : 0);
  for (std::thread& helper : helpers) {
    if (!TryStartThread(helper, "an instance's start", work)) break;
  }
  work();
  for (std::thread& helper : helpers) {
    if (helper.joinable()) helper.join();
  }
  for (Status& result : results) RETURN_IF_ERROR(std::move(result));
  return {};
}

}  // namespace neso
