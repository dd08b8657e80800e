// The end of an InferenceServer: requests in flight finish, then models go, all within the exit timeout.
#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "backend/backend_manager.h"
#include "base/executor.h"
#include "base/log.h"
#include "base/timer_queue.h"
#include "config/ensemble.h"
#include "engine/inference_server.h"
#include "observe/metric_registry.h"
#include "repository/on_demand/on_demand_models.h"
#include "repository/repository.h"

namespace neso {
namespace {

constexpr const char* kTimeoutExpired = "Exit timeout expired. Exiting immediately.";
// What a stop waits for tells it. What a load that was under way has published meanwhile it finds by looking again.
constexpr std::chrono::milliseconds kLook{100};

int64_t WholeSecondsLeft(TimePoint deadline) {
  const auto left = deadline - SteadyClock::Instance().Now();
  return std::max<int64_t>(0, std::chrono::ceil<std::chrono::seconds>(left).count());
}

// Says "now" when the number of whole seconds left has changed since the last time, and the first time.
class EachSecond {
 public:
  explicit EachSecond(TimePoint deadline) : deadline_(deadline) {}
  bool Passed() {
    const int64_t before = std::exchange(last_, seconds());
    return before != last_;
  }
  int64_t seconds() const { return WholeSecondsLeft(deadline_); }

 private:
  const TimePoint deadline_;
  int64_t last_ = -1;
};

// Stops schedulers in such an order that a request to an ensemble, once taken, finds all its steps: an ensemble first,
// the models that it calls when its last request has ended.
class StopOrder {
 public:
  // `idle` is set when one that was stopped has executed its last request.
  explicit StopOrder(std::shared_ptr<Event> idle) : idle_(std::move(idle)) {}

  // True: some were stopped that had not been before.
  bool StopThoseNotNeeded(const std::vector<ModelHandle>& models) {
    std::set<std::string> needed;
    for (const ModelHandle& model : models) {
      if (!IsEnsemble(model->config()) || (IsStopped(model) && model->InflightCount() == 0)) continue;
      for (std::string& id : ComposingModels(model->config())) needed.insert(std::move(id));
    }
    bool any = false;
    for (const ModelHandle& model : models) {
      if (needed.contains(model->id()) || IsStopped(model)) continue;
      model->scheduler().Stop();
      model->WatchRequests(idle_);
      stopped_.insert(model);
      any = true;
    }
    return any;
  }
  bool IsStopped(const ModelHandle& model) const { return stopped_.contains(model); }

 private:
  const std::shared_ptr<Event> idle_;
  std::set<ModelHandle> stopped_;
};

}  // namespace

void InferenceServer::SetExitTimeout(unsigned seconds) { exit_timeout_seconds_ = seconds; }

void InferenceServer::PrepareForExit() {
  repository_->lifecycle().StopLoads();
  repository_->storages().PrepareForExit();
}

Status InferenceServer::Stop() {
  return StopBy(SteadyClock::Instance().Now() + std::chrono::seconds(exit_timeout_seconds_.load()));
}

Status InferenceServer::StopBy(TimePoint deadline) {
  MutexLock lock(stop_mutex_);
  if (stop_result_ && stop_result_->ok()) return {};
  stopping_.store(true, std::memory_order_release);
  activities_.Close();
  if (on_demand_ != nullptr) on_demand_->Close();
  if (repository_ == nullptr) {
    stop_result_ = Status();
    return {};
  }
  PrepareForExit();
  repository_->lifecycle().PrepareForExit();
  LOG_INFO("Waiting for in-flight requests to complete.");
  Status stopped = DrainInferences(deadline);
  if (stopped.ok()) {
    LOG_INFO("All models are stopped, unloading models");
    stopped = UnloadAll(deadline);
  }
  stop_result_ = stopped;
  return stopped;
}

Status InferenceServer::DrainInferences(TimePoint deadline) {
  EachSecond report(deadline);
  StopOrder order(models_idle_);
  while (true) {
    std::vector<ModelHandle> models = ReadyModels();
    if (order.StopThoseNotNeeded(models)) continue;
    std::erase_if(models,
                  [&](const ModelHandle& model) { return order.IsStopped(model) && model->InflightCount() == 0; });
    if (report.Passed()) {
      LOG_INFO("Timeout {}: Found {} model versions that have in-flight inferences", report.seconds(), models.size());
      for (const ModelHandle& model : models) {
        LOG_INFO("Model '{}' (version {}) has {} in-flight inferences", model->id(), model->version(),
                 model->InflightCount());
      }
    }
    if (models.empty()) return {};
    const TimePoint now = SteadyClock::Instance().Now();
    if (now >= deadline) return Internal("{}", kTimeoutExpired);
    models_idle_->WaitUntil(std::min(deadline, now + kLook));
  }
}

Status InferenceServer::UnloadAll(TimePoint deadline) {
  ModelLifecycle& lifecycle = repository_->lifecycle();
  EachSecond report(deadline);
  while (true) {
    repository_->UnloadAll();
    const size_t live = lifecycle.LiveCount();
    const size_t activities = activities_.inside();
    if (report.Passed() || (live == 0 && activities == 0)) {
      LOG_INFO("Timeout {}: Found {} live models and {} in-flight non-inference requests", report.seconds(), live,
               activities);
    }
    if (live == 0 && activities == 0) return {};
    const TimePoint now = SteadyClock::Instance().Now();
    if (now >= deadline) return Internal("{}", kTimeoutExpired);
    const TimePoint look = std::min(deadline, now + kLook);
    live != 0 ? lifecycle.WaitUntilEmpty(look) : activities_.WaitUntilEmpty(look);
  }
}

InferenceServer::~InferenceServer() {
  bool tried = false;
  {
    MutexLock lock(stop_mutex_);
    tried = stop_result_.has_value() && !stop_result_->ok();
  }
  if (!tried && Stop().ok()) return;
  // Something still runs in the parts, and may for ever: they stay, rather than be pulled from under it.
  static_cast<void>(on_demand_.release());
  static_cast<void>(memory_.release());
  static_cast<void>(repository_.release());
  static_cast<void>(loader_.release());
  static_cast<void>(backends_.release());
  static_cast<void>(timers_.release());
  static_cast<void>(executor_.release());
  static_cast<void>(questions_.release());
  static_cast<void>(metrics_.release());
}

}  // namespace neso
