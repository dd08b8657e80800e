#include "core/latency_summaries.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace neso {
namespace {

// Classes: one for each microsecond below 128, then 64 for each power of two.
constexpr uint64_t kExact = 128;
constexpr int kExactBits = 7;
constexpr uint64_t kClassesOfPower = 64;
constexpr uint64_t kLongest = (uint64_t{1} << 42) - 1;  // 51 days; longer ones are counted as this

size_t ClassOf(uint64_t us) {
  us = std::min(us, kLongest);
  if (us < kExact) return us;
  const int shift = std::bit_width(us) - kExactBits;
  return kExact + (static_cast<uint64_t>(shift) - 1) * kClassesOfPower + ((us >> shift) - kClassesOfPower);
}

double MiddleOf(size_t index) {
  if (index < kExact) return static_cast<double>(index);
  const size_t shift = (index - kExact) / kClassesOfPower + 1;
  const uint64_t first = ((index - kExact) % kClassesOfPower + kClassesOfPower) << shift;
  return static_cast<double>(first) + static_cast<double>((uint64_t{1} << shift) - 1) / 2;
}

}  // namespace

void DurationCounts::Add(uint64_t us) {
  const size_t index = ClassOf(us);
  if (index >= counts_.size()) counts_.resize(index + 1);
  ++counts_[index];
  ++total_;
}

void DurationCounts::Merge(const DurationCounts& other) {
  if (other.counts_.size() > counts_.size()) counts_.resize(other.counts_.size());
  for (size_t i = 0; i < other.counts_.size(); ++i) counts_[i] += other.counts_[i];
  total_ += other.total_;
}

// Keeps the memory, which the next window needs again.
void DurationCounts::Clear() {
  std::fill(counts_.begin(), counts_.end(), 0);
  total_ = 0;
}

double DurationCounts::Quantile(double share) const {
  if (total_ == 0) return std::numeric_limits<double>::quiet_NaN();
  const auto rank = std::max<uint64_t>(1, static_cast<uint64_t>(std::ceil(share * static_cast<double>(total_))));
  uint64_t below = 0;
  size_t index = 0;
  while (below + counts_[index] < rank && index + 1 < counts_.size()) below += counts_[index++];
  return MiddleOf(index);
}

void SummaryReading::Merge(const SummaryReading& other) {
  count += other.count;
  sum_us += other.sum_us;
  recent.Merge(other.recent);
}

void LatencySummaries::Observe(Summary summary, uint64_t duration_ns, uint64_t now_ns) {
  Observed& observed = observed_[static_cast<size_t>(summary)];
  const uint64_t us = duration_ns / 1000;
  const uint64_t number = now_ns / kWindowNs;
  Window& window = observed.windows[number % kWindows];
  if (number > window.number) {
    window.counts.Clear();
    window.number = number;
  }
  window.counts.Add(us);
  ++observed.count;
  observed.sum_us += us;
}

void LatencySummaries::AddTo(SummaryReadings& total, uint64_t now_ns) const {
  const uint64_t now = now_ns / kWindowNs;
  for (size_t i = 0; i < kSummaries; ++i) {
    const Observed& observed = observed_[i];
    total[i].count += observed.count;
    total[i].sum_us += observed.sum_us;
    for (const Window& window : observed.windows) {
      if (window.number + kWindows > now) total[i].recent.Merge(window.counts);
    }
  }
}

}  // namespace neso
