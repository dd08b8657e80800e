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

double MiddleOf(size_t index) {
  if (index < kExact) return static_cast<double>(index);
  const size_t shift = (index - kExact) / kClassesOfPower + 1;
  const uint64_t first = ((index - kExact) % kClassesOfPower + kClassesOfPower) << shift;
  return static_cast<double>(first) + static_cast<double>((uint64_t{1} << shift) - 1) / 2;
}

}  // namespace

size_t DurationCounts::ClassOf(uint64_t us) {
  us = std::min(us, kLongest);
  if (us < kExact) return us;
  const int shift = std::bit_width(us) - kExactBits;
  return kExact + (static_cast<uint64_t>(shift) - 1) * kClassesOfPower + ((us >> shift) - kClassesOfPower);
}

void DurationCounts::AddToClass(size_t index, uint64_t times) {
  if (index >= counts_.size()) counts_.resize(index + 1);
  counts_[index] += times;
  total_ += times;
}

void DurationCounts::Merge(const DurationCounts& other) {
  if (other.counts_.size() > counts_.size()) counts_.resize(other.counts_.size());
  for (size_t i = 0; i < other.counts_.size(); ++i) counts_[i] += other.counts_[i];
  total_ += other.total_;
}

double DurationCounts::Quantile(double share) const {
  if (total_ == 0) return std::numeric_limits<double>::quiet_NaN();
  const auto rank = std::max<uint64_t>(1, static_cast<uint64_t>(std::ceil(share * static_cast<double>(total_))));
  uint64_t below = 0;
  size_t index = 0;
  while (below + counts_[index] < rank && index + 1 < counts_.size()) below += counts_[index++];
  return MiddleOf(index);
}

LatencySummaries::Window::~Window() {
  for (const std::atomic<Block*>& block : blocks_) delete block.load();
}

void LatencySummaries::Window::Add(uint64_t number, uint64_t us) {
  if (number > number_.load(std::memory_order_relaxed)) BeginAnew(number);
  const size_t index = DurationCounts::ClassOf(us);
  std::atomic<Block*>& place = blocks_[index / kBlockClasses];
  Block* block = place.load(std::memory_order_relaxed);
  if (block == nullptr) {
    block = new Block{};
    place.store(block, std::memory_order_release);
  }
  std::atomic<uint32_t>& count = (*block)[index % kBlockClasses];
  count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_release);
}

// Counts are released and acquired: who sees one that is of the new time sees that the number has changed.
void LatencySummaries::Window::BeginAnew(uint64_t number) {
  number_.store(kChanging, std::memory_order_relaxed);
  for (const std::atomic<Block*>& place : blocks_) {
    Block* const block = place.load(std::memory_order_relaxed);
    if (block == nullptr) continue;
    for (std::atomic<uint32_t>& count : *block) count.store(0, std::memory_order_release);
  }
  number_.store(number, std::memory_order_release);
}

void LatencySummaries::Window::AddTo(DurationCounts& total, uint64_t oldest) const {
  const uint64_t number = number_.load(std::memory_order_acquire);
  if (number == kChanging || number < oldest) return;
  DurationCounts counts;
  for (size_t i = 0; i < kBlocks; ++i) {
    const Block* const block = blocks_[i].load(std::memory_order_acquire);
    if (block == nullptr) continue;
    for (size_t j = 0; j < kBlockClasses; ++j) {
      const uint32_t times = (*block)[j].load(std::memory_order_acquire);
      if (times != 0) counts.AddToClass(i * kBlockClasses + j, times);
    }
  }
  if (number_.load(std::memory_order_relaxed) == number) total.Merge(counts);
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
  observed.windows[number % kWindows].Add(number, us);
  ++observed.count;
  observed.sum_us += us;
}

void LatencySummaries::AddTo(SummaryReadings& total, uint64_t now_ns) const {
  const uint64_t now = now_ns / kWindowNs;
  const uint64_t oldest = now < kWindows ? 0 : now - kWindows + 1;
  for (size_t i = 0; i < kSummaries; ++i) {
    const Observed& observed = observed_[i];
    total[i].count += observed.count;
    total[i].sum_us += observed.sum_us;
    for (const Window& window : observed.windows) window.AddTo(total[i].recent, oldest);
  }
}

}  // namespace neso
