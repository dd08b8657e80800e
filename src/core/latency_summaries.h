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
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/tally.h"

namespace neso {

enum class Summary { kRequest, kQueue, kComputeInput, kComputeInfer, kComputeOutput, kCacheHit, kCacheMiss };
inline constexpr size_t kSummaries = 7;

// Counts of durations in whole microseconds.
class DurationCounts {
 public:
  void Add(uint64_t us, uint64_t times = 1) { AddToClass(ClassOf(us), times); }
  void Merge(const DurationCounts& other);
  // In microseconds: the least duration that this share of them does not exceed, exact to 128 us and within 0.8 % above.
  // NaN if nothing has been counted. Precondition: 0 <= share <= 1.
  double Quantile(double share) const;

  // The class that durations like this are counted in.
  static constexpr size_t kClasses = 2368;
  static size_t ClassOf(uint64_t us);
  void AddToClass(size_t index, uint64_t times);

 private:
  std::vector<uint64_t> counts_;  // by class; only as many as the longest duration asks for
  uint64_t total_ = 0;
};

struct SummaryReading {
  uint64_t count = 0, sum_us = 0;  // since the model was loaded
  DurationCounts recent;           // the last 48 to 60 s
  void Merge(const SummaryReading& other);
};
using SummaryReadings = std::array<SummaryReading, kSummaries>;

// One thread at a time observes; any thread reads meanwhile, and may miss what is observed at the time.
class LatencySummaries {
 public:
  // `now_ns` is of the steady clock, and may be somewhat behind what an earlier call said.
  void Observe(Summary summary, uint64_t duration_ns, uint64_t now_ns);
  void AddTo(SummaryReadings& total, uint64_t now_ns) const;

 private:
  static constexpr size_t kWindows = 5;
  static constexpr uint64_t kWindowNs = 12'000'000'000;

  // The durations of twelve seconds, by class. Memory for classes comes in blocks, for those that occur, and stays for
  // the next twelve seconds.
  class Window {
   public:
    ~Window();
    void Add(uint64_t number, uint64_t us);
    // Nothing if it is not about `oldest` or later, or begins anew at the time.
    void AddTo(DurationCounts& total, uint64_t oldest) const;

   private:
    static constexpr size_t kBlockClasses = 128;
    static constexpr size_t kBlocks = (DurationCounts::kClasses + kBlockClasses - 1) / kBlockClasses;
    static constexpr uint64_t kChanging = UINT64_MAX;
    using Block = std::array<std::atomic<uint32_t>, kBlockClasses>;

    void BeginAnew(uint64_t number);

    std::atomic<uint64_t> number_{0};  // of the twelve seconds that it is about
    std::array<std::atomic<Block*>, kBlocks> blocks_{};
  };
  struct Observed {
    Tally count, sum_us;
    std::array<Window, kWindows> windows;  // by number, modulo kWindows
  };
  std::array<Observed, kSummaries> observed_;
};

}  // namespace neso
