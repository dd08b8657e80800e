// When a client that sends or reads has become too slow: it may pause, but not for ever, and has to keep up a rate.
//
//   TransferPace pace;
//   pace.Start(now);
//   pace.OnBytes(n, now);               // as they go
//   if (now >= pace.Deadline(patience, bytes_per_second))   // give it up
//
// A limit for pauses alone is kept by a byte now and then, for years.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "base/clock.h"

namespace neso::net {

class TransferPace {
 public:
  void Start(TimePoint now) {
    began_ = last_ = now;
    bytes_ = 0;
  }
  void OnBytes(size_t bytes, TimePoint now) {
    bytes_ += bytes;
    last_ = now;
  }
  // `patience` after the last byte, and no later than `patience` behind the rate; 0: any rate will do.
  TimePoint Deadline(std::chrono::milliseconds patience, size_t min_bytes_per_second) const {
    const TimePoint pause = last_ + patience;
    if (min_bytes_per_second == 0) return pause;
    constexpr size_t kYear = 365 * 24 * 3600;
    const std::chrono::seconds allowed(std::min(bytes_ / min_bytes_per_second, kYear));
    return std::min(pause, began_ + patience + allowed);
  }

 private:
  TimePoint began_{};
  TimePoint last_{};
  size_t bytes_ = 0;
};

}  // namespace neso::net
