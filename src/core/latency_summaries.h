// How long the requests of a model took of late, as quantiles, for those who ask (summary_latencies).
//
//   LatencySummaries summaries;
//   summaries.Observe(Summary::kQueue, 1'500'000, now_ns);           // 1.5 ms
//   SummaryReadings all;
//   summaries.AddTo(all, now_ns);
//   all[static_cast<size_t>(Summary::kQueue)].recent.Quantile(0.99)  // microseconds
//
// Durations are counted by classes as wide as a sixty-fourth of them: what each instance has counted adds up, and a
// quantile is within a hundredth of the true one however many there are, while sketches that keep samples drift.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace neso {

enum class Summary { kRequest, kQueue, kComputeInput, kComputeInfer, kComputeOutput, kCacheHit, kCacheMiss };
inline constexpr size_t kSummaries = 7;

// Counts of durations in whole microseconds.
class DurationCounts {
 public:
  void Add(uint64_t us);
  void Merge(const DurationCounts& other);
  void Clear();
  // In microseconds: the least duration that this share of them does not exceed, exact to 128 us and within 0.8 % above.
  // NaN if nothing has been counted. Precondition: 0 <= share <= 1.
  double Quantile(double share) const;

 private:
  std::vector<uint32_t> counts_;  // by class; only as many as the longest duration asks for
  uint64_t total_ = 0;
};

struct SummaryReading {
  uint64_t count = 0, sum_us = 0;  // since the model was loaded
  DurationCounts recent;           // the last 48 to 60 s
  void Merge(const SummaryReading& other);
};
using SummaryReadings = std::array<SummaryReading, kSummaries>;

// Not thread-safe.
class LatencySummaries {
 public:
  // `now_ns` is of the steady clock, and may be somewhat behind what an earlier call said.
  void Observe(Summary summary, uint64_t duration_ns, uint64_t now_ns);
  void AddTo(SummaryReadings& total, uint64_t now_ns) const;

 private:
  static constexpr size_t kWindows = 5;
  static constexpr uint64_t kWindowNs = 12'000'000'000;

  struct Window {
    uint64_t number = 0;  // of the twelve seconds that it is about
    DurationCounts counts;
  };
  struct Observed {
    uint64_t count = 0, sum_us = 0;
    std::array<Window, kWindows> windows;  // by number, modulo kWindows
  };
  std::array<Observed, kSummaries> observed_;
};

}  // namespace neso
