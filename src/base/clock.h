// Time, as a parameter: code that waits or measures takes a Clock, tests give it a ManualClock.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace neso {

using Nanoseconds = std::chrono::nanoseconds;
using TimePoint = std::chrono::steady_clock::time_point;

class Clock {
 public:
  virtual ~Clock() = default;
  // Thread-safe.
  virtual TimePoint Now() const = 0;
};

class SteadyClock final : public Clock {
 public:
  TimePoint Now() const override { return std::chrono::steady_clock::now(); }
  // The one shared instance; it has no state.
  static const SteadyClock& Instance();
};

class ManualClock final : public Clock {
 public:
  TimePoint Now() const override { return TimePoint(Nanoseconds(now_ns_.load())); }
  void Advance(Nanoseconds by) { now_ns_ += by.count(); }

 private:
  std::atomic<int64_t> now_ns_{1'000'000'000};
};

// A few nanoseconds instead of twenty, a few milliseconds late.
TimePoint CoarseNow();

// Steady-clock nanoseconds, the time base of statistics, traces and the C ABI.
inline uint64_t SteadyNanoseconds() {
  return static_cast<uint64_t>(
      std::chrono::duration_cast<Nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count());
}

}  // namespace neso
