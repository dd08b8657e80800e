// Batching under a latency target: the configuration as it is tuned, and what is seen of the executions that tune it.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "base/clock.h"
#include "schedule/batching_config.h"
#include "schedule/latency_target.h"

namespace neso {

// Thread-compatible: its scheduler's lock guards it.
class LatencyTuner {
 public:
  // Precondition: `config` has a target, and batches.
  explicit LatencyTuner(const BatchingConfig& config);

  // The configuration with the batches and the delay of now.
  const BatchingConfig& config() const { return tuned_; }

  // A batch of `rows` rows was executed from `began` to `ended`; its requests had waited for so long before.
  void Add(std::span<const Nanoseconds> waits, uint32_t rows, TimePoint began, TimePoint ended);

 private:
  // Of late executions of about the same size.
  struct Executions {
    double count = 0, rows = 0, busy_s = 0;
  };
  static constexpr size_t kSizes = 80;  // up to the largest that a batch's size can be, by thirds more each
  static size_t SizeOf(uint32_t rows);

  bool IsOver() const;
  void EndWindow(TimePoint now);
  void Apply();

  const uint32_t max_batch_size_;
  BatchingConfig tuned_;
  TuningSearch search_;
  std::array<Executions, kSizes> executions_{};
  size_t settling_ = 0;  // batches that do not count: what they are made of gathered under another tuning

  // Of the window that is under way.
  TimePoint window_began_ = TimePoint::max();  // none has begun
  std::vector<Nanoseconds> latencies_;
  Nanoseconds sum_of_latencies_{0};
  size_t late_ = 0;    // requests
  size_t waited_ = 0;  // requests
  size_t batches_ = 0;
  double rows_ = 0;
  double squared_rows_ = 0;  // of each batch, summed up
  Nanoseconds busy_{0};
  Nanoseconds longest_execution_{0};
  uint32_t largest_batch_ = 0;
};

}  // namespace neso
