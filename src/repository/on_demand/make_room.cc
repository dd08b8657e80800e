// The part of OnDemandModels that decides which wish is loaded when, and which models leave for it.
#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/log_scope.h"
#include "base/saturating.h"
#include "repository/on_demand/on_demand_models.h"

namespace neso {
namespace {

// Loads are measured best one after the other; one that takes longer than this keeps no other waiting.
constexpr Nanoseconds kLongLoad = std::chrono::milliseconds(250);
// How often is looked whether somebody has become idle, while somebody waits for that.
constexpr Nanoseconds kLook = std::chrono::milliseconds(20);
constexpr Nanoseconds kLongestLook = std::chrono::seconds(1);
// An unloaded model that is there for longer is held by somebody: others leave instead of it.
constexpr Nanoseconds kLongUnload = std::chrono::seconds(1);

}  // namespace

void OnDemandModels::MakeProgress() {
  Decisions decisions;
  {
    MutexLock lock(mutex_);
    decisions = Plan(parts_.clock.Now());
  }
  Perform(std::move(decisions));
}

void OnDemandModels::Perform(Decisions decisions) {
  for (auto& [wish, status] : decisions.refusals) Finish(wish, status);
  if (!decisions.leaving.empty()) {
    if (!Post([this, names = decisions.leaving] { Evict(names); })) Evict(decisions.leaving);
  }
  for (const std::string& name : decisions.unloaded) AwaitGoneLater(name, Reason::kRequest);
  for (const WishRef& wish : decisions.loads) {
    if (!Post([this, wish] { Run(wish); })) Run(wish);
  }
}

OnDemandModels::Decisions OnDemandModels::Plan(TimePoint now) {
  Decisions decisions;
  decisions.now = now;
  if (!is_closed_) NoteUnloaded(decisions);
  decisions.use = UseLocked();
  decisions.leaving_use = LeavingLocked(now);
  decisions.may_begin = MayBegin(now);
  if (!is_closed_) PlanEvictions(decisions);
  bool has_queued = false;
  for (const WishRef& wish : wishes_) {
    if (wish->phase != Phase::kQueued) continue;
    if (std::optional<Status> never = WhyNever(*wish, now)) {
      Refuse(wish, *std::move(never), decisions);
    } else if (decisions.may_begin) {
      PlanWish(wish, decisions);
    }
    has_queued |= wish->phase == Phase::kQueued;
  }
  if (has_queued) WakeAt(now + kLook);
  return decisions;
}

std::optional<Status> OnDemandModels::WhyNever(const Wish& wish, TimePoint now) const {
  const bool is_abandoned = wish.done == nullptr && wish.waiters.empty();
  if (is_closed_ || is_abandoned) return Unavailable("Server exiting");
  if (!ExcessOver(wish.least_use, options_.budget).IsNothing()) {
    return Unavailable("model '{}' takes about {}, and all models together may take {} (--model-memory-budget)",
                       wish.name, ToText(wish.least_use), ToText(options_.budget));
  }
  if (wish.done != nullptr && After(wish.since, options_.load_wait) <= now) return WhyStillWaiting(wish);
  return std::nullopt;
}

void OnDemandModels::Refuse(const WishRef& wish, Status status, Decisions& decisions) {
  wish->phase = Phase::kRefused;
  TakeNoMoreWaiters(wish);
  if (wish->done == nullptr && !wish->waiters.empty() && !is_closed_) {
    ++counts_.failed_loads;
    failures_.Add(wish->name, status, wish->fingerprint, decisions.now);
    status = *failures_.Reason(wish->name, decisions.now);
  }
  decisions.refusals.emplace_back(wish, std::move(status));
}

void OnDemandModels::PlanWish(const WishRef& wish, Decisions& decisions) {
  if (IsLeaving(wish->name)) return;  // it has to be gone first
  for (const LoadCandidate& candidate : wish->candidates) {
    if (IsLeaving(candidate.id)) return;
  }
  if (wish->is_guess && !MayGuess(*wish, decisions.use)) return;
  wish->lacks_room = true;
  if (BeginOrMakeRoom(wish, Beyond(wish->expected_use, wish->replaced_use), decisions)) return;
  // What is only guessed keeps no model out for which there may be room.
  if (wish->is_guess) BeginOrMakeRoom(wish, Beyond(wish->least_use, wish->replaced_use), decisions);
}

bool OnDemandModels::BeginOrMakeRoom(const WishRef& wish, const MemoryUse& wanted, Decisions& decisions) {
  MemoryUse excess = ExcessOver(decisions.use + wanted, options_.budget);
  if (!excess.IsNothing()) {
    Look(decisions);  // what is gone already takes nothing
    excess = ExcessOver(decisions.use + wanted, options_.budget);
  }
  if (excess.IsNothing()) {
    wish->expected_use = wanted;
    wish->lacks_room = false;
    wish->phase = Phase::kLoading;
    wish->since = decisions.now;
    decisions.may_begin = false;
    decisions.use += wanted;
    decisions.loads.push_back(wish);
    return true;
  }
  excess -= decisions.leaving_use;
  if (excess.IsNothing()) return true;  // it is on its way
  const Victims victims = PickVictims(Look(decisions), excess);
  if (victims.is_enough) MarkLeaving(victims.names, counts_.left_for_room, decisions);
  return victims.is_enough;
}

// One guess that is wrong passes the budget by a part of one model. Several at once would do so by several, so that each of
// them has to find room for as much again.
bool OnDemandModels::MayGuess(const Wish& wish, const MemoryUse& use) const {
  MemoryUse doubted;
  for (const WishRef& other : wishes_) {
    if (other->phase == Phase::kLoading && other->is_guess) doubted += other->expected_use;
  }
  if (doubted.IsNothing()) return true;
  return ExcessOver(use + doubted + wish.expected_use + wish.expected_use, options_.budget).IsNothing();
}

void OnDemandModels::PlanEvictions(Decisions& decisions) {
  // A model may have turned out to be larger than it was expected to be.
  MemoryUse excess = ExcessOver(decisions.use - decisions.leaving_use, options_.budget);
  if (!excess.IsNothing()) {
    Look(decisions);  // what is gone already takes nothing
    excess = ExcessOver(decisions.use - decisions.leaving_use, options_.budget);
  }
  if (!excess.IsNothing()) {
    MarkLeaving(PickVictims(Look(decisions), excess).names, counts_.left_for_room, decisions);
    WakeAt(decisions.now + kLook);
  }
  if (options_.idle_timeout <= Nanoseconds::zero() || residents_.empty()) return;
  MarkLeaving(PickIdle(Look(decisions), decisions.now - options_.idle_timeout), counts_.left_idle, decisions);
  WakeAt(decisions.now + std::clamp(options_.idle_timeout / 10, kLook, kLongestLook));
}

bool OnDemandModels::MayBegin(TimePoint now) const {
  size_t loading = 0;
  for (const WishRef& wish : wishes_) {
    if (wish->phase != Phase::kLoading) continue;
    if (now - wish->since < kLongLoad) return false;
    ++loading;
  }
  return loading < options_.parallel_loads;
}

MemoryUse OnDemandModels::UseLocked() const {
  MemoryUse use;
  for (const auto& [name, resident] : residents_) use += resident.use;
  for (const WishRef& wish : wishes_) {
    if (wish->phase == Phase::kLoading) use += wish->expected_use;
  }
  return use;
}

MemoryUse OnDemandModels::LeavingLocked(TimePoint now) const {
  MemoryUse use;
  for (const auto& [name, resident] : residents_) {
    if (resident.is_leaving && now < resident.room_expected_until) use += resident.use;
  }
  return use;
}

bool OnDemandModels::IsLeaving(std::string_view name) const {
  const auto resident = residents_.find(name);
  return resident != residents_.end() && resident->second.is_leaving;
}

bool OnDemandModels::IsLoading(std::string_view name) const {
  return std::any_of(wishes_.begin(), wishes_.end(), [name](const WishRef& wish) {
    if (wish->phase != Phase::kLoading) return false;
    return wish->name == name || std::any_of(wish->candidates.begin(), wish->candidates.end(),
                                             [name](const LoadCandidate& candidate) { return candidate.id == name; });
  });
}

void OnDemandModels::NoteUnloaded(Decisions& decisions) {
  const ServingTable& serving = parts_.repository.lifecycle().serving();
  for (auto& [name, resident] : residents_) {
    if (resident.is_leaving || IsLoading(name) || !serving.Versions(name).empty()) continue;
    resident.is_pinned = false;
    // It may serve again before it has gone, and has nothing to give back.
    if (resident.is_ensemble) continue;
    BeginUnload(name, resident, decisions.now);
    decisions.unloaded.push_back(name);
  }
}

// Said before anything is unloaded: from then on memory may become free.
void OnDemandModels::BeginLeaving(const std::string& name, Resident& resident) {
  resident.is_leaving = true;
  meter_.Leaves(name);
}

void OnDemandModels::BeginUnload(const std::string& name, Resident& resident, TimePoint now) {
  BeginLeaving(name, resident);
  resident.is_pinned = false;
  resident.room_expected_until = After(now, kLongUnload);
}

std::set<std::string_view> OnDemandModels::WantedNames() const {
  std::set<std::string_view> names;
  for (const WishRef& wish : wishes_) {
    names.insert(wish->name);
    if (wish->phase == Phase::kExamining) continue;  // its candidates are being found
    for (const LoadCandidate& candidate : wish->candidates) names.insert(candidate.id);
  }
  return names;
}

const std::vector<LoadedModel>& OnDemandModels::Look(Decisions& decisions) {
  if (decisions.loaded) return *decisions.loaded;
  const ModelLifecycle& lifecycle = parts_.repository.lifecycle();
  const auto ensembles = parts_.repository.EnsemblesByModel();
  // Ensembles come back by themselves when a model of theirs does.
  for (const auto& [model, callers] : ensembles) {
    for (const std::string& ensemble : callers) residents_[ensemble].is_ensemble = true;
  }
  const std::set<std::string_view> wanted = WantedNames();
  std::vector<LoadedModel>& models = decisions.loaded.emplace();
  for (auto it = residents_.begin(); it != residents_.end();) {
    const std::string& name = it->first;
    Resident& resident = it->second;
    const ModelUse use = lifecycle.UseOf(name);
    if (use.presence == ModelUse::Presence::kGone && !resident.is_leaving) {
      decisions.use -= resident.use;
      meter_.Gone(name, resident.use);
      it = residents_.erase(it);
      continue;
    }
    ++it;
    const bool is_in_use = use.presence == ModelUse::Presence::kInUse;
    resident.last_use = std::max(resident.last_use, is_in_use ? decisions.now : use.last_use);
    if (resident.is_leaving || use.presence == ModelUse::Presence::kPassing) continue;
    const auto callers = ensembles.find(name);
    models.push_back({.name = name,
                      .use = resident.use,
                      .last_use = resident.last_use,
                      .is_in_use = is_in_use || wanted.contains(name),
                      .is_pinned = resident.is_pinned,
                      .ensembles = callers == ensembles.end() ? std::set<std::string>() : callers->second});
  }
  return models;
}

void OnDemandModels::MarkLeaving(const std::vector<std::string>& names, uint64_t& count, Decisions& decisions) {
  for (const std::string& name : names) {
    Resident& resident = residents_[name];
    BeginLeaving(name, resident);
    decisions.leaving_use += resident.use;
    decisions.leaving.push_back(name);
    ++count;
  }
  if (!names.empty()) decisions.loaded.reset();
}

void OnDemandModels::Evict(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const LogScope scope({.model = name});
    const Status unloaded = parts_.repository.UnloadModel(name, /*unload_dependents=*/false);
    if (!unloaded.ok()) LOG_ERROR("model '{}' cannot be unloaded: {}", name, unloaded.message());
  }
  // Each on its own: a request that came just before may hold an ensemble, and wait for one of its models to be loaded
  // again, which has to be gone first.
  for (const std::string& name : names) AwaitGoneLater(name, Reason::kEviction);
}

void OnDemandModels::AwaitGoneLater(const std::string& name, Reason reason) {
  if (!Post([this, name, reason] { AwaitGone(name, reason); })) AwaitGone(name, reason);
}

void OnDemandModels::AwaitGone(const std::string& name, Reason reason) {
  const LogScope scope({.model = name});
  // Whoever holds it goes on, however long that takes.
  constexpr Nanoseconds kForEver = std::chrono::hours(1000);
  parts_.repository.lifecycle().WaitUntilUnloaded(name, After(parts_.clock.Now(), kForEver));
  Resident gone;
  {
    MutexLock lock(mutex_);
    gone = std::exchange(residents_[name], {});
    residents_.erase(name);
    meter_.Gone(name, gone.use);
  }
  if (reason == Reason::kRequest) {
    LOG_INFO("model '{}' was unloaded by request, and gave back {}", name, ToText(gone.use));
  } else {
    LOG_INFO("model '{}' has left after {:.1f} s without a request, and gave back {}", name,
             std::chrono::duration<double>(parts_.clock.Now() - gone.last_use).count(), ToText(gone.use));
  }
  MakeProgress();
}

}  // namespace neso
