// Models that load when a request asks for them, and leave when others need their memory: model control on demand.
//
//   OnDemandModels models({.budget = {.host = 50'000'000}}, {repository, memory, executor, timers, activities});
//   RETURN_IF_ERROR(models.LoadStartupModels());
//   models.Bring("digits", -1, [](Expected<ModelHandle> digits) { ... });   // no thread waits meanwhile
//   RETURN_IF_ERROR(models.Load("words", {}));                              // stays until Unload
//
// A wish is a model that is to be loaded, for whomever asks meanwhile: examining -> queued -> loading -> answered.
//  * It is examined: is there such a model, has it failed before, what is still missing, how much is that expected to take
//    (expected_sizes.h)?
//  * It is queued until it is its turn and there is room: others leave for it (pick_victims.h), once nobody uses them.
//  * It is loaded, and measured meanwhile (growth_meter.h).
// What happens next is decided by Plan, whenever something has happened: it asks nobody who could wait. What it decides is done
// by threads of ours.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "base/gate.h"
#include "base/mutex.h"
#include "base/status.h"
#include "base/timer_queue.h"
#include "core/model_finder.h"
#include "repository/load_parameter.h"
#include "repository/model_state.h"
#include "repository/on_demand/expected_sizes.h"
#include "repository/on_demand/failed_loads.h"
#include "repository/on_demand/growth_meter.h"
#include "repository/on_demand/memory_reader.h"
#include "repository/on_demand/memory_use.h"
#include "repository/on_demand/on_demand_options.h"
#include "repository/on_demand/oversized_models.h"
#include "repository/on_demand/pick_victims.h"
#include "repository/repository.h"

namespace neso {

// What there is, and what has happened since the start.
struct OnDemandReport {
  struct LoadedModel {
    std::string name;
    MemoryUse use;
    bool is_pinned;
  };
  std::vector<LoadedModel> models;
  MemoryUse use;  // of all, those that are leaving included
  MemoryLimits budget;
  size_t waiting_requests = 0;
  uint64_t loads = 0, failed_loads = 0;  // that requests began
  uint64_t left_for_room = 0, left_idle = 0;
  uint64_t waits = 0, given_up_waits = 0;  // requests that waited for a model; of them, in vain for too long
  uint64_t wait_us = 0;                    // all of them together
};

// Thread-safe.
class OnDemandModels {
 public:
  // All outlive it.
  struct Parts {
    ModelRepository& repository;
    const MemoryReader& memory;
    Executor& executor;  // which calls what Bring was given
    TimerQueue& timers;
    Gate& activities;  // which a load enters, so that a stop waits for it
    const Clock& clock = SteadyClock::Instance();
  };
  OnDemandModels(OnDemandOptions options, const Parts& parts);
  ~OnDemandModels();  // closes first, and waits for loads that are under way
  OnDemandModels(const OnDemandModels&) = delete;
  OnDemandModels& operator=(const OnDemandModels&) = delete;

  // As ModelRepository's; what is loaded at the start stays.
  Status LoadStartupModels();

  // What ModelFinder::Bring says. Reads no disk on this thread. Errors: those of ModelLifecycle::WhyNotServing; kUnavailable
  // when the model cannot be loaded, or is not within the time that a request waits.
  void Bring(std::string_view name, int64_t version, ModelFinder::Found found);
  // A look-up has found the model.
  static void NoteUse(Model& model);
  // Whether a request would be answered as far as anybody knows: the model serves, or its folder is there and has not failed
  // to load lately. Reads the disk. Errors: as Bring.
  Status CheckAvailable(std::string_view name, int64_t version) const;

  // As ModelRepository's. What is loaded so stays until it is unloaded so; what is unloaded so comes back with a request.
  Status Load(const std::string& name, const std::vector<LoadParameter>& parameters);
  Status Unload(const std::string& name, bool unload_dependents);

  // Models that requests can have are READY, whether they are loaded or not: the reason tells.
  std::vector<ModelIndexEntry> Index(bool ready_only) const;
  // As ModelLifecycle's, but for models that a request would load, whatever became of them before.
  std::vector<ModelIndexEntry> States() const;
  OnDemandReport Report() const;

  // From now on nothing is loaded. Whoever waits hears so.
  void Close();

 private:
  struct Waiter {
    int64_t version = -1;
    ModelFinder::Found found;
    TimePoint since{};
    bool is_counted = false;  // it waits once more, for a model that has left again
  };
  using Waiters = std::list<Waiter>;  // longest waiting first
  enum class Phase : uint8_t { kExamining, kQueued, kLoading, kRefused };
  struct Wish {
    uint64_t number = 0;
    std::string name;
    Phase phase = Phase::kExamining;
    bool lacks_room = false;
    TimePoint since{};  // of its phase
    Waiters waiters{};
    // Of a load by request: what came with it, and who waits for its end.
    const std::vector<LoadParameter>* parameters = nullptr;
    std::function<void(Status)> done{};
    // Found by examining it.
    uint64_t fingerprint = 0;
    std::vector<LoadCandidate> candidates{};
    std::map<std::string, MemoryUse> expected{};  // of the candidates that have to be loaded
    MemoryUse expected_use{};                     // for which room is made, beside what is replaced
    MemoryUse replaced_use{};                     // of a copy that serves until another one does in its place
    MemoryUse least_use{};                        // that is known: what was measured, and the files of what was not
    bool is_guess = false;                        // something of it was not measured
    std::list<std::shared_ptr<Wish>>::iterator self{};  // its place among wishes_
  };
  using WishRef = std::shared_ptr<Wish>;
  // A model that is loaded.
  struct Resident {
    MemoryUse use{};
    uint64_t fingerprint = 0;  // of the files that it was loaded from
    bool is_pinned = false;
    bool is_leaving = false;
    bool is_ensemble = false;
    TimePoint last_use{};
    // So long nobody else leaves in its place while it is leaving. Who was unloaded by request may be held for long.
    TimePoint room_expected_until = TimePoint::max();
  };
  // What is to be done once the lock has been given back, and what they were made from.
  struct Decisions {
    std::vector<WishRef> loads;
    std::vector<std::pair<WishRef, Status>> refusals;
    std::vector<std::string> leaving;
    std::vector<std::string> unloaded;  // by request
    TimePoint now{};
    bool may_begin = false;
    MemoryUse use{}, leaving_use{};
    std::optional<std::vector<LoadedModel>> loaded{};  // once somebody has looked; without those that leave
  };

  // --- wishes: on_demand_models.cc
  void Await(std::string_view name, Waiter waiter);
  static void Add(Waiter waiter, Waiters& waiters);
  WishRef AddWish(Wish wish) REQUIRES(mutex_);
  void Begin(const WishRef& wish);
  void Examine(const WishRef& wish);
  Status Preview(Wish& wish);
  Status PreviewRequested(Wish& wish) const;
  void Run(const WishRef& wish);
  void Finish(const WishRef& wish, const Status& status);
  void TakeNoMoreWaiters(const WishRef& wish) REQUIRES(mutex_);
  void Answer(const WishRef& wish, const Status& status);
  // Loaded, and unloaded by a request before anybody could have it.
  bool HasLeftAgain(const Wish& wish, const Status& status) const;
  Expected<ModelHandle> Found(const std::string& name, int64_t version, const Status& loaded) const;
  Status WhyStillWaiting(const Wish& wish) const REQUIRES(mutex_);
  bool Post(std::function<void()> work);
  void Tick();
  void ExpireWaiters(TimePoint now, std::vector<std::pair<Waiter, Status>>& expired) REQUIRES(mutex_);
  void WakeAt(TimePoint when) REQUIRES(mutex_);

  // --- room: make_room.cc
  void MakeProgress();
  void Perform(Decisions decisions);
  Decisions Plan(TimePoint now) REQUIRES(mutex_);
  // Why it cannot be loaded, however long it waits.
  std::optional<Status> WhyNever(const Wish& wish, TimePoint now) const REQUIRES(mutex_);
  void Refuse(const WishRef& wish, Status status, Decisions& decisions) REQUIRES(mutex_);
  void PlanWish(const WishRef& wish, Decisions& decisions) REQUIRES(mutex_);
  // False when there is no room for as much as `wanted`, and no others that could leave would make it.
  bool BeginOrMakeRoom(const WishRef& wish, const MemoryUse& wanted, Decisions& decisions) REQUIRES(mutex_);
  // Whether it may load beside others whose sizes are not known either.
  bool MayGuess(const Wish& wish, const MemoryUse& use) const REQUIRES(mutex_);
  void PlanEvictions(Decisions& decisions) REQUIRES(mutex_);
  void MarkLeaving(const std::vector<std::string>& names, uint64_t& count, Decisions& decisions) REQUIRES(mutex_);
  // The loaded models that are not leaving; forgets those of which nothing is left.
  const std::vector<LoadedModel>& Look(Decisions& decisions) REQUIRES(mutex_);
  // Those that wishes are about, which do not leave meanwhile.
  std::set<std::string_view> WantedNames() const REQUIRES(mutex_);
  bool MayBegin(TimePoint now) const REQUIRES(mutex_);
  // What is taken by models that are loaded, leaving or being loaded.
  MemoryUse UseLocked() const REQUIRES(mutex_);
  // Of it, what is on its way out.
  MemoryUse LeavingLocked(TimePoint now) const REQUIRES(mutex_);
  // Models that serve no more, though they were not evicted: a request has unloaded them, or one that they went with.
  void NoteUnloaded(Decisions& decisions) REQUIRES(mutex_);
  void BeginLeaving(const std::string& name, Resident& resident) REQUIRES(mutex_);
  void BeginUnload(const std::string& name, Resident& resident, TimePoint now) REQUIRES(mutex_);
  bool IsLeaving(std::string_view name) const REQUIRES(mutex_);
  bool IsLoading(std::string_view name) const REQUIRES(mutex_);
  void Evict(const std::vector<std::string>& names);
  enum class Reason : uint8_t { kEviction, kRequest };
  // On a thread of its own.
  void AwaitGoneLater(const std::string& name, Reason reason);
  void AwaitGone(const std::string& name, Reason reason);

  // --- what models take: measure_loads.cc
  void Expect(Wish& wish) REQUIRES(mutex_);
  // The copy of the candidate that will serve no more, or null: its files are the same, or nothing of it is loaded.
  const Resident* ReplacedBy(const Wish& wish, const LoadCandidate& candidate) const REQUIRES(mutex_);
  uint64_t MeterMark() const;
  // What there was before.
  MemoryReading BeginMeasuring(uint64_t load, int64_t weight);
  Status LoadMeasured(Wish& wish);
  // `is_loaded`: all of it; what was there before may serve even so.
  void Account(const Wish& wish, const GrowthMeter::Growth& growth, bool is_loaded, TimePoint now) REQUIRES(mutex_);
  // What it has loaded.
  MemoryUse TakenBy(const Wish& wish) const REQUIRES(mutex_);

  const OnDemandOptions options_;
  const Parts parts_;
  mutable Mutex mutex_;
  bool is_closed_ GUARDED_BY(mutex_) = false;
  std::list<WishRef> wishes_ GUARDED_BY(mutex_);                            // first come, first
  std::map<std::string, WishRef, std::less<>> by_name_ GUARDED_BY(mutex_);  // those of requests
  std::map<std::string, Resident, std::less<>> residents_ GUARDED_BY(mutex_);
  ExpectedSizes sizes_ GUARDED_BY(mutex_);
  FailedLoads failures_ GUARDED_BY(mutex_);
  OversizedModels oversized_ GUARDED_BY(mutex_);
  GrowthMeter meter_ GUARDED_BY(mutex_);
  OnDemandReport counts_ GUARDED_BY(mutex_);
  uint64_t last_number_ GUARDED_BY(mutex_) = 0;
  TimerId timer_ GUARDED_BY(mutex_);
  TimePoint wake_at_ GUARDED_BY(mutex_) = TimePoint::max();
  std::optional<Executor> executor_;  // goes first: what it runs uses the rest
};

}  // namespace neso
