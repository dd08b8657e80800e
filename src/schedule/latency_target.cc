#include "schedule/latency_target.h"

#include <algorithm>
#include <cmath>

namespace neso {
namespace {

using Trial = TuningSearch::Trial;

// What a trial has to bring, and what one may cost. The throughput of 400 requests that come whatever happens differs by
// 7 % from window to window (the square root of two in 400), what executions get done by less.
constexpr double kMoreThroughput = 1.15, kSameThroughput = 0.95;
constexpr double kMoreDone = 1.05, kSameDone = 0.98;
// Of the requests; instances that are not busy have nothing to gain by waiting.
constexpr double kMostHaveWaited = 0.75;
// Fewer late requests than these may be chance.
constexpr double kManyAreLate = 0.05;
// One window in 129 is less than the hundredth of requests that the target leaves.
constexpr uint32_t kLeastRests = 4, kMostRests = 128;

bool CanBeSmaller(const LatencyWindow& seen) {
  if (seen.waited < kMostHaveWaited || seen.typical_batch < 2) return false;
  return seen.smaller_per_busy_s == 0 || seen.smaller_per_busy_s >= kMoreDone * seen.rows_per_busy_s;
}

bool CanBeLarger(const BatchTuning& now, const LatencyWindow& seen, uint32_t max_batch_size) {
  return now.max_rows < max_batch_size && seen.typical_batch * 4 > now.max_rows * 3.0;
}

// A wait that is over before an execution ends changes nothing for whoever came during it.
BatchTuning Waiting(const TuningSearch& search, const LatencyWindow& seen, Nanoseconds target) {
  const BatchTuning& now = search.tuning;
  uint32_t rows = seen.largest_batch, most = search.rows_unwaited;
  if (now.delay == Nanoseconds(0)) {
    rows = std::max(rows, static_cast<uint32_t>(std::lround(std::min<double>(seen.rows_at_once, now.max_rows))));
    most = now.max_rows;
  } else if (rows >= now.max_rows) {
    rows = now.max_rows * 3 / 2;  // there may be more
  }
  return {.max_rows = std::clamp(rows, 1U, most), .delay = seen.longest_execution + target / 16};
}

bool CanWait(const TuningSearch& search, const LatencyWindow& seen, Nanoseconds target) {
  if (search.tuning.delay == Nanoseconds(0) && seen.waited < kMostHaveWaited) return false;
  const BatchTuning waiting = Waiting(search, seen, target);
  if (waiting.max_rows <= 1 || (search.tuning.delay > Nanoseconds(0) && waiting.max_rows == search.tuning.max_rows)) {
    return false;
  }
  // Where requests are late already there is nothing to lose: a batch of all that goes at once may end it.
  const Nanoseconds longest = waiting.delay + (seen.late > kManyAreLate ? Nanoseconds(0) : seen.longest_execution);
  return longest <= target * 9 / 10;
}

bool CanTry(Trial trial, const TuningSearch& search, const LatencyWindow& seen, Nanoseconds target,
            uint32_t max_batch_size) {
  const BatchTuning& now = search.tuning;
  const bool waits = now.delay > Nanoseconds(0);
  switch (trial) {
    case Trial::kSmallerBatches: return !waits && CanBeSmaller(seen);
    case Trial::kLargerBatches: return !waits && CanBeLarger(now, seen, max_batch_size);
    case Trial::kWaiting: return CanWait(search, seen, target);
    case Trial::kNoWaiting: return waits;
    case Trial::kNone: break;
  }
  return false;
}

BatchTuning TuningOf(Trial trial, const TuningSearch& search, const LatencyWindow& seen, Nanoseconds target,
                     uint32_t max_batch_size) {
  switch (trial) {
    case Trial::kSmallerBatches: return {.max_rows = SmallerRows(search.tuning, seen.typical_batch)};
    case Trial::kLargerBatches:
      return {.max_rows = std::min(search.tuning.max_rows + std::max(search.tuning.max_rows / 8, 1U), max_batch_size)};
    case Trial::kWaiting: return Waiting(search, seen, target);
    case Trial::kNoWaiting: return {.max_rows = search.rows_unwaited};
    case Trial::kNone: break;
  }
  return search.tuning;
}

TuningSearch Try(Trial trial, TuningSearch next, const LatencyWindow& seen, Nanoseconds target,
                 uint32_t max_batch_size) {
  if (next.tuning.delay == Nanoseconds(0)) next.rows_unwaited = next.tuning.max_rows;
  next.trial = trial;
  next.before = next.tuning;
  next.seen_before = seen;
  next.tuning = TuningOf(trial, next, seen, target, max_batch_size);
  return next;
}

bool HasPaid(const TuningSearch& search, const LatencyWindow& seen, Nanoseconds target) {
  const LatencyWindow& before = search.seen_before;
  const bool was_late = before.p99 > target, is_late = seen.p99 > target;
  if (is_late && !was_late) return false;
  const bool ends_lateness = was_late && !is_late;
  const double throughput = seen.rows_per_s / before.rows_per_s;
  const double done = seen.rows_per_busy_s / before.rows_per_busy_s;
  switch (search.trial) {
    case Trial::kSmallerBatches: return done >= (ends_lateness ? kSameDone : kMoreDone);
    case Trial::kLargerBatches: return done >= kSameDone;
    case Trial::kWaiting: return throughput >= (ends_lateness ? kSameThroughput : kMoreThroughput);
    case Trial::kNoWaiting: return throughput >= kSameThroughput;
    case Trial::kNone: break;
  }
  return true;
}

TuningSearch Rested(TuningSearch next, uint32_t rests) {
  next.trial = Trial::kNone;
  next.rests = next.rests_after = std::clamp(rests, kLeastRests, kMostRests);
  return next;
}

TuningSearch TakenBack(TuningSearch next, const BatchTuning& tuning) {
  next.tuning = tuning;
  return Rested(next, 2 * next.rests_after);
}

Trial Following(Trial trial) {
  switch (trial) {
    case Trial::kSmallerBatches: return Trial::kLargerBatches;
    case Trial::kLargerBatches: return Trial::kWaiting;
    case Trial::kWaiting: return Trial::kNoWaiting;
    default: return Trial::kSmallerBatches;
  }
}

// What was tried under another load says little about this one.
bool HasLoadChanged(const TuningSearch& search, const LatencyWindow& seen) {
  const double before = search.seen_before.rows_per_s;
  return seen.rows_per_s > 1.25 * before || seen.rows_per_s < 0.8 * before;
}

}  // namespace

uint32_t SmallerRows(const BatchTuning& tuning, double typical_batch) {
  return std::max(std::min(tuning.max_rows, static_cast<uint32_t>(typical_batch)) * 3 / 4, 1U);
}

TuningSearch FirstTuning(Nanoseconds target, uint32_t max_batch_size, Nanoseconds configured_delay) {
  TuningSearch first;
  first.tuning = {.max_rows = std::max(max_batch_size, 1U), .delay = std::min(configured_delay, target / 2)};
  first.rows_unwaited = first.tuning.max_rows;
  return first;
}

TuningSearch NextTuning(const TuningSearch& search, const LatencyWindow& seen, Nanoseconds target,
                        uint32_t max_batch_size) {
  TuningSearch next = search;
  if (search.trial != Trial::kNone) {
    if (!HasPaid(search, seen, target)) return TakenBack(next, search.before);
    const bool goes_on = CanTry(search.trial, next, seen, target, max_batch_size);
    return goes_on ? Try(search.trial, next, seen, target, max_batch_size) : Rested(next, next.rests_after / 2);
  }
  const bool waits = search.tuning.delay > Nanoseconds(0);
  if (waits && seen.p99 > target) return TakenBack(next, {.max_rows = search.rows_unwaited});
  if (HasLoadChanged(search, seen)) {
    next.rests_after = kLeastRests;
    next.rests = std::min(next.rests, kLeastRests);
  }
  if (next.rests > 0) {
    --next.rests;
    return next;
  }
  for (int kinds = 0; kinds < 4; ++kinds) {
    const Trial trial = next.upcoming;
    next.upcoming = Following(trial);
    if (CanTry(trial, next, seen, target, max_batch_size)) return Try(trial, next, seen, target, max_batch_size);
  }
  return next;
}

}  // namespace neso
