#include "schedule/latency_tuner.h"

#include <algorithm>
#include <cmath>

namespace neso {
namespace {

// Enough for a 99th percentile, and for a throughput that two windows of the same load agree on.
constexpr size_t kRequestsOfWindow = 400, kBatchesOfWindow = 16;
constexpr double kLateAtMost = kRequestsOfWindow / 100.0;
constexpr size_t kSettling = 4;
// What it takes at most to come to an instance that is free.
constexpr std::chrono::microseconds kHandedOver{100};

// Of what is known of a size the last twenty executions or so count; fewer than four may be chance.
constexpr double kRemembered = 0.95, kKnown = 4;

double SecondsOf(Nanoseconds time) { return std::chrono::duration<double>(std::max(time, Nanoseconds(1))).count(); }

}  // namespace

LatencyTuner::LatencyTuner(const BatchingConfig& config)
    : max_batch_size_(config.max_batch_size),
      tuned_(config),
      search_(FirstTuning(config.latency_target, config.max_batch_size, config.max_queue_delay)) {
  Apply();
}

void LatencyTuner::Apply() {
  tuned_.max_batch_size = search_.tuning.max_rows;
  tuned_.preferred_sizes = {search_.tuning.max_rows};
  tuned_.max_queue_delay = search_.tuning.delay;
}

size_t LatencyTuner::SizeOf(uint32_t rows) {
  return std::min(static_cast<size_t>(std::log(std::max(rows, 1U)) / std::log(4.0 / 3)), kSizes - 1);
}

void LatencyTuner::Add(std::span<const Nanoseconds> waits, uint32_t rows, TimePoint began, TimePoint ended) {
  const Nanoseconds execution = ended - began;
  Executions& alike = executions_[SizeOf(rows)];
  alike = {.count = alike.count * kRemembered + 1,
           .rows = alike.rows * kRemembered + rows,
           .busy_s = alike.busy_s * kRemembered + SecondsOf(execution)};
  if (settling_ > 0) {
    if (--settling_ == 0) window_began_ = ended;
    return;
  }
  if (window_began_ == TimePoint::max()) window_began_ = began;
  for (const Nanoseconds wait : waits) {
    latencies_.push_back(wait + execution);
    sum_of_latencies_ += wait + execution;
    if (wait + execution > tuned_.latency_target) ++late_;
    if (wait > std::max<Nanoseconds>(kHandedOver, execution / 64)) ++waited_;
  }
  ++batches_;
  rows_ += rows;
  squared_rows_ += static_cast<double>(rows) * rows;
  busy_ += execution;
  longest_execution_ = std::max(longest_execution_, execution);
  largest_batch_ = std::max(largest_batch_, rows);
  if (IsOver()) EndWindow(ended);
}

bool LatencyTuner::IsOver() const {
  if (latencies_.size() >= kRequestsOfWindow && batches_ >= kBatchesOfWindow) return true;
  if (search_.trial == TuningSearch::Trial::kNone) return false;
  // A trial that makes requests late ends there.
  return static_cast<double>(late_) > kLateAtMost + search_.seen_before.late * kRequestsOfWindow;
}

void LatencyTuner::EndWindow(TimePoint now) {
  const auto p99 = latencies_.begin() + static_cast<ptrdiff_t>(latencies_.size() * 99 / 100);
  std::nth_element(latencies_.begin(), p99, latencies_.end());
  const double typical_batch = squared_rows_ / rows_, requests = static_cast<double>(latencies_.size());
  const double took_s = SecondsOf(now - window_began_);
  const Executions& smaller = executions_[SizeOf(SmallerRows(search_.tuning, typical_batch))];
  const LatencyWindow seen{.p99 = *p99,
                           .longest_execution = longest_execution_,
                           .largest_batch = largest_batch_,
                           .typical_batch = typical_batch,
                           .rows_at_once = SecondsOf(sum_of_latencies_) * (rows_ / requests) / took_s,
                           .waited = static_cast<double>(waited_) / requests,
                           .late = static_cast<double>(late_) / requests,
                           .rows_per_s = rows_ / took_s,
                           .rows_per_busy_s = rows_ / SecondsOf(busy_),
                           .smaller_per_busy_s = smaller.count < kKnown ? 0 : smaller.rows / smaller.busy_s};
  const BatchTuning before = search_.tuning;
  search_ = NextTuning(search_, seen, tuned_.latency_target, max_batch_size_);
  if (!(search_.tuning == before)) settling_ = kSettling;
  Apply();
  window_began_ = now;
  latencies_.clear();
  late_ = waited_ = batches_ = 0;
  rows_ = squared_rows_ = 0;
  sum_of_latencies_ = busy_ = longest_execution_ = Nanoseconds(0);
  largest_batch_ = 0;
}

}  // namespace neso
