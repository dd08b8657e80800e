// When the requests of an open load are sent: at a rate, at intervals that repeat, or at given times once.
//
//   SendTimes times = SendTimes::AtRate(200, Distribution::kPoisson);
//   next += times.NextPause();
#pragma once

#include <random>
#include <vector>

#include "base/clock.h"
#include "perf/options.h"

namespace neso::perf {

// Confined to a thread.
class SendTimes {
 public:
  // Precondition: per_second > 0.
  static SendTimes AtRate(double per_second, Distribution distribution);
  // Precondition: there is one, and each is positive.
  static SendTimes AtIntervals(std::vector<Nanoseconds> intervals);

  // Each once, so long after the beginning. Precondition: there is one, and none is before the one before it.
  static SendTimes AtOffsets(const std::vector<Nanoseconds>& offsets);

  // Before the first request.
  Nanoseconds first_pause() const { return first_pause_; }
  // From one request to the next; positive but for given times, which may be the same. After the last of those it is
  // longer than anybody waits.
  Nanoseconds NextPause();

 private:
  SendTimes() = default;

  double mean_ns_ = 0;
  bool is_poisson_ = false;
  std::vector<Nanoseconds> intervals_;  // empty: at the rate
  bool repeats_ = true;
  Nanoseconds first_pause_{0};
  size_t next_ = 0;
  std::mt19937_64 random_{1};
};

// Of a file with a number of microseconds in each line. Errors: kInternal when it cannot be read; kInvalidArg that
// names the line.
Expected<std::vector<Nanoseconds>> ReadIntervals(const std::string& path);

// What the intervals are together, in requests a second.
double RateOf(const std::vector<Nanoseconds>& intervals);

}  // namespace neso::perf
