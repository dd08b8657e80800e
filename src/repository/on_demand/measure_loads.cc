// The part of OnDemandModels that knows what models take: what is expected before a load, and what was measured over it.
#include <algorithm>
#include <utility>

#include "base/catch_exceptions.h"
#include "base/log.h"
#include "base/log_scope.h"
#include "config/ensemble.h"
#include "repository/on_demand/on_demand_models.h"

namespace neso {
namespace {

double MillisecondsOf(Nanoseconds time) { return std::chrono::duration<double, std::milli>(time).count(); }

}  // namespace

void OnDemandModels::Expect(Wish& wish) {
  MemoryUse of_files;
  for (const LoadCandidate& candidate : wish.candidates) {
    const Resident* const replaced = ReplacedBy(wish, candidate);
    if (candidate.serves && replaced == nullptr) continue;
    if (replaced != nullptr) wish.replaced_use += replaced->use;
    const Expectation expectation = sizes_.Of(candidate);
    wish.expected[candidate.id] = expectation.use;
    wish.expected_use += expectation.use;
    wish.least_use += expectation.is_measured ? expectation.use : ExpectedSizes::OfFiles(candidate);
    wish.is_guess |= !expectation.is_measured;
    of_files += ExpectedSizes::OfFiles(candidate);
  }
  // A measurement that keeps its model out for ever may be wrong, and only another load would tell.
  const bool is_too_large = !ExcessOver(wish.least_use, options_.budget).IsNothing();
  if (is_too_large && !oversized_.IsBelieved(wish.name, parts_.clock.Now())) {
    wish.least_use = of_files;
    wish.is_guess = true;
  }
}

const OnDemandModels::Resident* OnDemandModels::ReplacedBy(const Wish& wish, const LoadCandidate& candidate) const {
  if (!candidate.serves || wish.done == nullptr || candidate.id != wish.name) return nullptr;
  const auto resident = residents_.find(candidate.id);
  const bool is_other = resident != residents_.end() && resident->second.fingerprint != candidate.fingerprint;
  return is_other ? &resident->second : nullptr;
}

uint64_t OnDemandModels::MeterMark() const {
  MutexLock lock(mutex_);
  return meter_.Mark();
}

// Reading takes long enough to keep others off the lock for it.
MemoryReading OnDemandModels::BeginMeasuring(uint64_t load, int64_t weight) {
  const uint64_t mark = MeterMark();
  MemoryReading before = parts_.memory.Read();
  MutexLock lock(mutex_);
  meter_.Begin(load, weight, before, mark);
  return before;
}

Status OnDemandModels::LoadMeasured(Wish& wish) {
  static const std::vector<LoadParameter> kNone;
  const TimePoint start = parts_.clock.Now();
  const MemoryReading before = BeginMeasuring(wish.number, wish.expected_use.Sum());
  const Status loaded = CatchExceptions(
      [&] { return parts_.repository.LoadModel(wish.name, wish.parameters != nullptr ? *wish.parameters : kNone); });
  const uint64_t mark = MeterMark();
  const MemoryReading after = parts_.memory.ReadAfter(before);
  MemoryUse use, all;
  Status status = loaded;
  {
    MutexLock lock(mutex_);
    const TimePoint now = parts_.clock.Now();
    Account(wish, meter_.End(wish.number, after, mark), loaded.ok(), now);
    use = TakenBy(wish);
    wish.expected_use = {};  // now it is among the residents
    all = UseLocked();
    if (loaded.ok()) {
      failures_.Forget(wish.name);
      oversized_.Note(wish.name, !ExcessOver(use, options_.budget).IsNothing(), now);
    }
    if (wish.done == nullptr) {
      ++(loaded.ok() ? counts_.loads : counts_.failed_loads);
      if (!loaded.ok()) {
        failures_.Add(wish.name, loaded, wish.fingerprint, now);
        status = *failures_.Reason(wish.name, now);
      }
    }
  }
  if (loaded.ok()) {
    const LogScope scope({.model = wish.name});
    LOG_INFO("model '{}' was loaded {} in {:.1f} ms and takes {}; models take {} of {}", wish.name,
             wish.done == nullptr ? "on demand" : "by request", MillisecondsOf(parts_.clock.Now() - start), ToText(use),
             ToText(all), ToText(options_.budget));
  }
  return status;
}

Status OnDemandModels::LoadStartupModels() {
  constexpr uint64_t kNumber = 0;  // no wish has it
  const MemoryReading before = BeginMeasuring(kNumber, 1);
  Status status = parts_.repository.LoadStartupModels();
  Wish wish;
  for (const ModelHandle& model : parts_.repository.lifecycle().serving().All()) {
    const Expected<std::vector<LoadCandidate>> preview = parts_.repository.PreviewLoad(model->id());
    if (!preview) continue;
    for (const LoadCandidate& candidate : *preview) {
      if (candidate.id != model->id()) continue;
      wish.candidates.push_back(candidate);
      wish.candidates.back().serves = false;  // when the load began
      wish.expected[candidate.id] = ExpectedSizes::OfFiles(candidate);
    }
  }
  const uint64_t mark = MeterMark();
  const MemoryReading after = parts_.memory.ReadAfter(before);
  MemoryUse use;
  {
    MutexLock lock(mutex_);
    Account(wish, meter_.End(kNumber, after, mark), /*is_loaded=*/true, parts_.clock.Now());
    for (auto& [name, resident] : residents_) resident.is_pinned = true;
    use = UseLocked();
  }
  LOG_INFO("models are loaded on demand: {} that are loaded now stay, and take {} of {}", wish.candidates.size(),
           ToText(use), ToText(options_.budget));
  return status;
}

MemoryUse OnDemandModels::TakenBy(const Wish& wish) const {
  std::set<std::string_view> names = {wish.name};
  for (const auto& [name, unused] : wish.expected) names.insert(name);
  MemoryUse use;
  for (const std::string_view name : names) {
    const auto resident = residents_.find(name);
    if (resident != residents_.end()) use += resident->second.use;
  }
  return use;
}

void OnDemandModels::Account(const Wish& wish, const GrowthMeter::Growth& growth, bool is_loaded, TimePoint now) {
  const MemoryUse& use = growth.use;
  int64_t weights = 0;
  for (const auto& [name, expected] : wish.expected) weights += std::max<int64_t>(1, expected.Sum());
  const auto part = [&](int64_t whole, int64_t weight) {
    return static_cast<int64_t>(static_cast<double>(whole) * static_cast<double>(weight) /
                                static_cast<double>(weights));
  };
  const ServingTable& serving = parts_.repository.lifecycle().serving();
  for (const LoadCandidate& candidate : wish.candidates) {
    const std::vector<ModelHandle> versions = serving.Versions(candidate.id);
    if (versions.empty()) continue;
    Resident& resident = residents_[candidate.id];
    resident.last_use = now;
    resident.is_ensemble = IsEnsemble(versions.front()->config());
    if (wish.done != nullptr && candidate.id == wish.name) resident.is_pinned = true;
    const auto expected = wish.expected.find(candidate.id);
    if (expected == wish.expected.end() || (candidate.serves && !is_loaded)) {
      // The same files, or the copy that was there before: what it takes more than that one is not known well.
      if (candidate.id == wish.name) resident.use = Larger(resident.use, use);
      continue;
    }
    const int64_t weight = std::max<int64_t>(1, expected->second.Sum());
    MemoryUse own;
    for (const auto& [gpu, bytes] : use.gpus) own.gpus[gpu] = part(bytes, weight);
    if (!growth.are_gpus_known) own = Larger(own, {.gpus = expected->second.gpus});
    own.host = std::max(part(use.host, weight), ExpectedSizes::OfFiles(candidate).host - own.Sum());
    if (!growth.is_host_known) own.host = std::max(own.host, expected->second.host);
    // The memory has grown by what it takes more than the copy that it replaces, if that has gone.
    if (candidate.serves) own = Larger(own, expected->second);
    if (growth.is_host_known && growth.are_gpus_known && !candidate.serves) sizes_.Note(candidate, own);
    resident.use = own;
    resident.fingerprint = candidate.fingerprint;
  }
}

}  // namespace neso
