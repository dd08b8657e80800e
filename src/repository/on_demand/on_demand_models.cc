#include "repository/on_demand/on_demand_models.h"

#include <algorithm>
#include <ctime>
#include <utility>

#include "base/catch_exceptions.h"
#include "base/log.h"
#include "base/log_scope.h"
#include "base/saturating.h"
#include "repository/latch.h"

namespace neso {
namespace {

// Of work that waits: loads, and models that leave once their last request has.
constexpr size_t kMaxThreads = 256;
constexpr const char* kExiting = "Server exiting";

bool IsFile(const LoadParameter& parameter) { return parameter.name.starts_with(kFileParameter); }

}  // namespace

OnDemandModels::OnDemandModels(OnDemandOptions options, const Parts& parts)
    : options_(std::move(options)), parts_(parts), oversized_(options_.oversized_pause) {
  counts_.budget = options_.budget;
  executor_.emplace("model-demand", kMaxThreads);
}

OnDemandModels::~OnDemandModels() {
  Close();
  TimerId timer;
  {
    MutexLock lock(mutex_);
    timer = timer_;
  }
  parts_.timers.CancelAndWait(timer);
  executor_.reset();
}

void OnDemandModels::NoteUse(Model& model) {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);  // a tenth of the other's price
  model.NoteUse(TimePoint(std::chrono::seconds(now.tv_sec) + Nanoseconds(now.tv_nsec)));
}

// --- wishes ----------------------------------------------------------------------------------------------------------

void OnDemandModels::Bring(std::string_view name, int64_t version, ModelFinder::Found found) {
  Await(name, {.version = version, .found = std::move(found), .since = parts_.clock.Now()});
}

void OnDemandModels::Await(std::string_view name, Waiter waiter) {
  const ModelLifecycle& lifecycle = parts_.repository.lifecycle();
  if (ModelHandle model = lifecycle.serving().Find(name, waiter.version)) return waiter.found(std::move(model));
  // A version that its policy does not choose, or that is not there: no load would bring it.
  if (!lifecycle.serving().Versions(name).empty()) return waiter.found(lifecycle.WhyNotServing(name, waiter.version));
  const TimePoint now = parts_.clock.Now(), since = waiter.since;
  MutexLock lock(mutex_);
  std::optional<Status> refusal =
      is_closed_ ? std::optional(Unavailable("{}", kExiting)) : failures_.Refusal(name, now);
  if (refusal) {
    lock.Unlock();
    return waiter.found(*std::move(refusal));
  }
  if (!std::exchange(waiter.is_counted, true)) ++counts_.waits;
  WishRef wish;
  const auto known = by_name_.find(name);
  if (known != by_name_.end()) {
    Add(std::move(waiter), known->second->waiters);
  } else {
    wish = AddWish({.name = std::string(name), .since = now});
    Add(std::move(waiter), wish->waiters);
    by_name_.emplace(wish->name, wish);
  }
  WakeAt(After(since, options_.load_wait));
  lock.Unlock();
  if (wish != nullptr) Begin(wish);
}

// Nearly always the last: only who has to wait once more has waited for longer than others.
void OnDemandModels::Add(Waiter waiter, Waiters& waiters) {
  const auto before =
      std::find_if(waiters.rbegin(), waiters.rend(), [&](const Waiter& other) { return other.since <= waiter.since; });
  waiters.insert(before.base(), std::move(waiter));
}

OnDemandModels::WishRef OnDemandModels::AddWish(Wish wish) {
  auto added = std::make_shared<Wish>(std::move(wish));
  added->number = ++last_number_;
  added->self = wishes_.insert(wishes_.end(), added);
  return added;
}

void OnDemandModels::Begin(const WishRef& wish) {
  if (!Post([this, wish] { Examine(wish); })) Finish(wish, OutOfMemory());
}

void OnDemandModels::Examine(const WishRef& wish) {
  const Status status = CatchExceptions([&] { return Preview(*wish); });
  if (!status.ok()) return Finish(wish, status);
  {
    MutexLock lock(mutex_);
    Expect(*wish);
    wish->phase = Phase::kQueued;
    wish->since = parts_.clock.Now();
  }
  MakeProgress();
}

// Nobody else touches the wish's findings while it is examined.
Status OnDemandModels::Preview(Wish& wish) {
  const LogScope scope({.model = wish.name});
  if (wish.parameters != nullptr) return PreviewRequested(wish);
  ASSIGN_OR_RETURN(wish.fingerprint, parts_.repository.FingerprintOf(wish.name));
  {
    MutexLock lock(mutex_);
    if (std::optional<Status> refusal = failures_.Refusal(wish.name, wish.fingerprint, parts_.clock.Now())) {
      return *refusal;
    }
  }
  Expected<std::vector<LoadCandidate>> candidates = parts_.repository.PreviewLoad(wish.name);
  if (candidates) {
    wish.candidates = *std::move(candidates);
    return {};
  }
  LOG_ERROR("model '{}' cannot be loaded: {}", wish.name, candidates.error().message());
  MutexLock lock(mutex_);
  ++counts_.failed_loads;
  const TimePoint now = parts_.clock.Now();
  failures_.Add(wish.name, candidates.error(), wish.fingerprint, now);
  return *failures_.Reason(wish.name, now);
}

// The load says itself what is wrong.
Status OnDemandModels::PreviewRequested(Wish& wish) const {
  if (std::none_of(wish.parameters->begin(), wish.parameters->end(), IsFile)) {
    if (Expected<std::vector<LoadCandidate>> candidates = parts_.repository.PreviewLoad(wish.name)) {
      wish.candidates = *std::move(candidates);
      return {};
    }
  }
  // Its files have come with the request, or its folder alone is not enough. No other has its fingerprint.
  LoadCandidate brought{.id = wish.name, .fingerprint = wish.number};
  brought.serves = !parts_.repository.lifecycle().serving().Versions(wish.name).empty();
  for (const LoadParameter& parameter : *wish.parameters) {
    if (IsFile(parameter)) brought.file_bytes += parameter.value.size();
  }
  wish.candidates.push_back(std::move(brought));
  return {};
}

void OnDemandModels::Run(const WishRef& wish) {
  const Gate::Pass activity = parts_.activities.Enter();
  Finish(wish, activity ? LoadMeasured(*wish) : Unavailable("{}", kExiting));
  MakeProgress();
}

// The models are found before the wish ends: until then nobody sends them away.
void OnDemandModels::Answer(const WishRef& wish, const Status& status) {
  Waiters waiters;
  if (HasLeftAgain(*wish, status)) {
    {
      MutexLock lock(mutex_);
      waiters.swap(wish->waiters);
    }
    for (Waiter& waiter : waiters) Await(wish->name, std::move(waiter));
    return;
  }
  {
    MutexLock lock(mutex_);
    waiters.swap(wish->waiters);
    const TimePoint now = parts_.clock.Now();
    for (const Waiter& waiter : waiters) {
      counts_.wait_us +=
          static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(now - waiter.since).count());
    }
  }
  if (waiters.empty()) return;
  auto answers = std::make_shared<std::vector<std::pair<ModelFinder::Found, Expected<ModelHandle>>>>();
  for (Waiter& waiter : waiters) {
    answers->emplace_back(std::move(waiter.found), Found(wish->name, waiter.version, status));
  }
  // One after the other, since requests of one sequence may be among them.
  const auto tell = [answers] {
    for (auto& [found, answer] : *answers) {
      try {
        found(std::move(answer));
      } catch (...) {
        LogException("a request whose model was loaded");
      }
    }
  };
  if (!parts_.executor.Post([tell]() noexcept { tell(); })) tell();
}

bool OnDemandModels::HasLeftAgain(const Wish& wish, const Status& status) const {
  return status.ok() && parts_.repository.lifecycle().serving().Versions(wish.name).empty();
}

Expected<ModelHandle> OnDemandModels::Found(const std::string& name, int64_t version, const Status& loaded) const {
  const ModelLifecycle& lifecycle = parts_.repository.lifecycle();
  if (!loaded.ok() && loaded.code() != StatusCode::kNotFound) return loaded;
  if (ModelHandle model = lifecycle.serving().Find(name, version)) {
    NoteUse(*model);
    return model;
  }
  return lifecycle.WhyNotServing(name, version);
}

void OnDemandModels::Finish(const WishRef& wish, const Status& status) {
  {
    MutexLock lock(mutex_);
    TakeNoMoreWaiters(wish);
  }
  Answer(wish, status);
  {
    MutexLock lock(mutex_);
    wishes_.erase(wish->self);
  }
  if (wish->done != nullptr) wish->done(status);
}

// Whoever comes now begins anew: what this wish has brought may be gone again.
void OnDemandModels::TakeNoMoreWaiters(const WishRef& wish) {
  const auto known = by_name_.find(wish->name);
  if (known != by_name_.end() && known->second == wish) by_name_.erase(known);
}

bool OnDemandModels::Post(std::function<void()> work) { return executor_->Post(std::move(work)); }

// --- time ------------------------------------------------------------------------------------------------------------

void OnDemandModels::WakeAt(TimePoint when) {
  if (when >= wake_at_ || is_closed_) return;
  parts_.timers.Cancel(timer_);
  wake_at_ = when;
  timer_ = parts_.timers.Schedule(when, [this] {
    if (!Post([this] { Tick(); })) Tick();
  });
}

void OnDemandModels::Tick() {
  std::vector<std::pair<Waiter, Status>> expired;
  {
    MutexLock lock(mutex_);
    wake_at_ = TimePoint::max();
    ExpireWaiters(parts_.clock.Now(), expired);
  }
  if (!expired.empty()) {
    const auto answers = std::make_shared<std::vector<std::pair<Waiter, Status>>>(std::move(expired));
    const auto tell = [answers] {
      for (auto& [waiter, status] : *answers) {
        try {
          waiter.found(std::move(status));
        } catch (...) {
          LogException("a request whose model was not loaded in time");
        }
      }
    };
    if (!parts_.executor.Post([tell]() noexcept { tell(); })) tell();
  }
  MakeProgress();
}

void OnDemandModels::ExpireWaiters(TimePoint now, std::vector<std::pair<Waiter, Status>>& expired) {
  for (const WishRef& wish : wishes_) {
    Waiters& waiters = wish->waiters;
    while (!waiters.empty() && After(waiters.front().since, options_.load_wait) <= now) {
      ++counts_.given_up_waits;
      counts_.wait_us +=
          static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(options_.load_wait).count());
      expired.emplace_back(std::move(waiters.front()), WhyStillWaiting(*wish));
      waiters.pop_front();
    }
    if (!waiters.empty()) WakeAt(After(waiters.front().since, options_.load_wait));
  }
}

Status OnDemandModels::WhyStillWaiting(const Wish& wish) const {
  const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(options_.load_wait).count();
  if (wish.phase == Phase::kQueued && wish.lacks_room) {
    return Unavailable(
        "model '{}' found no room within {} ms: it takes about {}, and models that are in use or pinned take too much of "
        "{} (--model-memory-budget); try again later",
        wish.name, waited, ToText(wish.least_use), ToText(options_.budget));
  }
  return Unavailable("model '{}' is not loaded yet after {} ms (--model-load-wait-ms); try again later", wish.name,
                     waited);
}

// --- by request ------------------------------------------------------------------------------------------------------

Status OnDemandModels::Load(const std::string& name, const std::vector<LoadParameter>& parameters) {
  Latch ended(1);
  Status result;
  WishRef wish;
  {
    MutexLock lock(mutex_);
    if (is_closed_) return Unavailable("{}", kExiting);
    failures_.Forget(name);
    wish = AddWish({.name = name, .since = parts_.clock.Now(), .parameters = &parameters});
    wish->done = [&](Status status) {
      result = std::move(status);
      ended.CountDown();
    };
  }
  Begin(wish);
  ended.Wait();
  return result;
}

Status OnDemandModels::Unload(const std::string& name, bool unload_dependents) {
  // What goes with it is noted afterwards: NoteUnloaded.
  bool is_awaited = false;
  {
    MutexLock lock(mutex_);
    const auto resident = residents_.find(name);
    is_awaited = resident != residents_.end() && !resident->second.is_leaving && !IsLoading(name);
    if (is_awaited) BeginUnload(name, resident->second, parts_.clock.Now());
  }
  const Status unloaded = parts_.repository.UnloadModel(name, unload_dependents);
  if (is_awaited) AwaitGoneLater(name, Reason::kRequest);
  RETURN_IF_ERROR(unloaded);
  {
    MutexLock lock(mutex_);
    failures_.Forget(name);
  }
  MakeProgress();
  return {};
}

// --- what others see -------------------------------------------------------------------------------------------------

Status OnDemandModels::CheckAvailable(std::string_view name, int64_t version) const {
  const ModelLifecycle& lifecycle = parts_.repository.lifecycle();
  if (!lifecycle.serving().Versions(name).empty()) {
    return lifecycle.serving().Find(name, version) != nullptr ? Status() : lifecycle.WhyNotServing(name, version);
  }
  {
    MutexLock lock(mutex_);
    if (std::optional<Status> reason = failures_.Reason(name, parts_.clock.Now())) return *reason;
  }
  Status loadable = parts_.repository.CheckLoadable(std::string(name), version);
  const bool is_missing = !loadable.ok() && loadable.code() == StatusCode::kNotFound;
  return is_missing ? lifecycle.WhyNotServing(name, version) : loadable;
}

std::vector<ModelIndexEntry> OnDemandModels::Index(bool ready_only) const {
  constexpr const char* kAvailable = "not loaded: a request loads it";
  const std::set<std::string> there = parts_.repository.ListModels();
  std::vector<ModelIndexEntry> index = parts_.repository.Index(false);
  const TimePoint now = parts_.clock.Now();
  MutexLock lock(mutex_);
  for (ModelIndexEntry& entry : index) {
    if (entry.state == ModelState::kReady || entry.is_lost || !there.contains(entry.name)) continue;
    if (const std::optional<Status> reason = failures_.Reason(entry.name, now)) {
      if (entry.state == ModelState::kUnknown) entry = {entry.name, -1, ModelState::kUnavailable, reason->message()};
      continue;
    }
    const bool is_passing = entry.state == ModelState::kLoading || entry.state == ModelState::kUnloading;
    if (is_passing && !ready_only) continue;
    entry.state = ModelState::kReady;
    entry.reason = kAvailable;
  }
  if (ready_only) std::erase_if(index, [](const auto& entry) { return entry.state != ModelState::kReady; });
  return index;
}

std::vector<ModelIndexEntry> OnDemandModels::States() const {
  std::vector<ModelIndexEntry> states = parts_.repository.lifecycle().States();
  std::map<std::string, std::string> failing;
  {
    MutexLock lock(mutex_);
    failing = failures_.Failing(parts_.clock.Now());
  }
  std::erase_if(states, [&](const ModelIndexEntry& entry) {
    const bool has_failed = entry.state == ModelState::kUnavailable || entry.state == ModelState::kUnknown;
    return has_failed && !entry.is_lost && !failing.contains(entry.name);
  });
  for (const ModelIndexEntry& entry : states) failing.erase(entry.name);
  // Those whose folders cannot be used are not known to the lifecycle.
  for (auto& [name, reason] : failing) states.push_back({name, -1, ModelState::kUnavailable, std::move(reason)});
  return states;
}

OnDemandReport OnDemandModels::Report() const {
  MutexLock lock(mutex_);
  OnDemandReport report = counts_;
  report.use = UseLocked();
  for (const auto& [name, resident] : residents_) report.models.push_back({name, resident.use, resident.is_pinned});
  for (const WishRef& wish : wishes_) report.waiting_requests += wish->waiters.size();
  return report;
}

void OnDemandModels::Close() {
  std::vector<WishRef> open;
  {
    MutexLock lock(mutex_);
    if (std::exchange(is_closed_, true)) return;
    open.assign(wishes_.begin(), wishes_.end());
  }
  // Those that are being examined end there, those that load when their loads do.
  for (const WishRef& wish : open) Answer(wish, Unavailable("{}", kExiting));
  MakeProgress();
}

}  // namespace neso
