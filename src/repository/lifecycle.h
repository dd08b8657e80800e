// Model versions from loading to unloading: which exist, which serve, and the threads that build and end them.
//
//   ModelLifecycle lifecycle(loader, {.load_threads = 4});
//   lifecycle.Load(std::move(polled), [](Status status) { ... });
//   ModelHandle model = lifecycle.serving().Find("digits", -1);
//   lifecycle.Unload("digits");
//
// A load builds new copies while the old ones serve and swaps them when all versions have succeeded; if one fails, the
// old ones stay. The life of a copy ends when its last request lets go of it: on a thread of ours, not of the
// request's.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/executor.h"
#include "base/gate.h"
#include "base/mutex.h"
#include "base/status.h"
#include "base/timer_queue.h"
#include "repository/memory_return.h"
#include "repository/model_state.h"
#include "repository/plan.h"
#include "repository/poll.h"
#include "repository/serving_table.h"
#include "repository/version_loader.h"

namespace neso {

// Whether somebody has a model's versions.
struct ModelUse {
  enum class Presence : uint8_t {
    kGone,     // nothing of it is left
    kPassing,  // it serves no more, or not yet, and something of it is there
    kIdle,     // it serves, and nobody has it
    kInUse,    // requests have it, or sequences are to go on
  };
  Presence presence = Presence::kGone;
  TimePoint last_use{};  // as Model::last_use
};

struct LifecycleOptions {
  unsigned load_threads = 4;
  unsigned load_retries = 0;
  bool namespacing = false;      // repositories may have models of one name: they are known by both (config/model_id.h)
  TimerQueue* timers = nullptr;  // outlives the models' life; without it memory is given back after each unload at once
};

// Thread-safe, but Load and Unload of one model must not overlap. Must outlive every reference to a model it gave out.
class ModelLifecycle {
 public:
  ModelLifecycle(VersionLoader& loader, LifecycleOptions options);
  ~ModelLifecycle();
  ModelLifecycle(const ModelLifecycle&) = delete;
  ModelLifecycle& operator=(const ModelLifecycle&) = delete;

  // Called once when loading has finished, on a thread of ours, or on the caller's when there was nothing to load.
  // Success also when nothing had changed. Errors: kInvalidArg, to be put after "load failed for model '<M>': ".
  using Done = std::function<void(Status)>;
  void Load(PolledModel model, Done done);
  // Notes that the model cannot be loaded, as Load would on an error without version; what serves goes on serving.
  void RecordFailure(const std::string& id, std::string reason);
  // Loads of these models that are under way end with an error, if they can be ended: somebody waits to unload them.
  void StopLoads(const std::set<std::string>& ids);
  // The same for all models, and for loads to come: the process ends soon.
  void StopLoads();

  // Begins to unload every version; unknown models are unloaded already. `lost`: why, if nobody asked for that.
  void Unload(const std::string& id, const std::string& lost = "");
  // As Unload, of a model that nobody has any more: its states are not shown, until it is loaded again.
  void Remove(const std::string& id);

  const ServingTable& serving() const { return serving_; }
  // Changes whenever another copy of one of the model's versions serves.
  uint64_t ServingGeneration(std::string_view id) const;
  // Why serving().Find found nothing. Errors: the texts of the lookup table, kNotFound or kUnavailable; kInvalidArg where
  // models have namespaces, for a name that nobody or more than one has.
  Status WhyNotServing(std::string_view name, int64_t version) const;
  // Of the models that were loaded or tried, those of this name, or the one of this id.
  std::set<std::string> IdsOf(std::string_view name) const;

  // Every version of every model that was loaded or tried and not removed, by id and version; a model without versions has one entry
  // with version -1, whose reason is for people only.
  std::vector<ModelIndexEntry> States() const;

  // Of all its versions together.
  ModelUse UseOf(std::string_view id) const;

  // Copies that are built and not yet ended, those being unloaded included.
  size_t LiveCount() const { return live_.inside(); }
  // Waits until LiveCount() is 0 or the deadline has passed. True when it is 0.
  bool WaitUntilEmpty(TimePoint deadline) { return live_.WaitUntilEmpty(deadline); }
  // Waits until no version of the model is left. False when the deadline has passed, or the process ends.
  bool WaitUntilUnloaded(std::string_view name, TimePoint deadline) const;
  // From now on memory is not given back after unloads, and nobody waits for one of them: the process ends soon.
  void PrepareForExit();

  // Gives freed memory back to the system, in the background (memory_return.h).
  void ReturnMemory() { memory_return_.Ask(); }

  // The threads that load; for reading many folders at once.
  Executor& load_executor() const { return load_executor_; }

 private:
  struct Version {
    ModelState state = ModelState::kUnknown;
    std::string reason;
    std::string lost;  // while it is unloaded: why, if nobody asked for that
    uint64_t fingerprint = 0;
    uint64_t generation = 0;  // of the copy whose state this is: older copies end silently
    ModelHandle model;
  };
  struct Record {
    std::map<int64_t, Version> versions;
    std::string reason;  // why there is no version
    bool is_removed = false;
    std::string config;  // serialised, as wanted by the last load that succeeded
    std::string location;
    uint64_t files_fingerprint = 0;
    std::shared_ptr<AgentChain> agents;  // that have seen what serves; null: none, or nothing serves
  };
  struct LoadOperation;

  ConfigChange ChangeOf(const Record& record, const PolledModel& model) const REQUIRES(mutex_);
  std::shared_ptr<LoadOperation> BeginLoad(PolledModel model, Done& done, std::vector<int64_t> wanted);
  void RunLoad(const std::shared_ptr<LoadOperation>& operation, size_t index);
  Expected<ModelHandle> LoadOnce(LoadOperation& operation, int64_t version);
  Status WhyStopped() const;
  void FinishLoad(LoadOperation& operation);
  Status UpdateServing(const LoadOperation& operation);
  void Commit(LoadOperation& operation, std::vector<ModelHandle>& dropped) REQUIRES(mutex_);
  // Versions whose load failed, and that are gone or not chosen any more: nobody waits for them.
  static void ForgetUnwanted(const std::vector<VersionAction>& actions, Record& record);
  void Abandon(const LoadOperation& operation) REQUIRES(mutex_);
  Record& RecordOf(const std::string& id) REQUIRES(mutex_);
  std::set<std::string> IdsOfLocked(std::string_view name) const REQUIRES(mutex_);
  Status WhyNotServingLocked(const std::string& id, int64_t version) const REQUIRES(mutex_);
  bool IsUnloaded(std::string_view name) const REQUIRES(mutex_);
  void PublishLocked(const std::string& id, const Record& record) REQUIRES(mutex_);
  void BeginUnloadLocked(const std::string& id, int64_t version, Version& entry, std::vector<ModelHandle>& dropped)
      REQUIRES(mutex_);
  // `folder`: what keeps the files that the model was built from.
  ModelHandle Track(ModelHandle built, std::shared_ptr<const void> folder, uint64_t generation);
  void End(ModelHandle last, std::shared_ptr<const void> folder, uint64_t generation, Gate::Pass pass);

  VersionLoader& loader_;
  const LifecycleOptions options_;
  ServingTable serving_;
  mutable Mutex mutex_;
  mutable CondVar version_ended_;
  std::map<std::string, Record, std::less<>> records_ GUARDED_BY(mutex_);             // by id
  std::map<std::string, std::set<std::string>, std::less<>> ids_ GUARDED_BY(mutex_);  // by name, with namespacing
  uint64_t last_generation_ GUARDED_BY(mutex_) = 0;
  std::map<std::string, std::stop_source> loads_ GUARDED_BY(mutex_);  // that are under way, by id
  Gate live_;
  std::atomic<bool> loads_stopped_{false};
  std::atomic<bool> exiting_{false};
  mutable Executor load_executor_;
  MemoryReturn memory_return_;
  Executor end_executor_;
};

}  // namespace neso
