// Lets a log line through only now and then, for conditions that last and are met thousands of times a second.
//
//   static LogThrottle throttle;
//   if (throttle.Allow()) LOG_WARNING("...");
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace neso {

// Thread-safe.
class LogThrottle {
 public:
  explicit LogThrottle(std::chrono::nanoseconds period = std::chrono::seconds(10)) : period_ns_(period.count()) {}

  // True at first, and again when `period` has passed since it last was.
  bool Allow() {
    const int64_t now = std::chrono::steady_clock::now().time_since_epoch().count();
    int64_t next = next_ns_.load(std::memory_order_relaxed);
    return now >= next && next_ns_.compare_exchange_strong(next, now + period_ns_);
  }

 private:
  const int64_t period_ns_;
  std::atomic<int64_t> next_ns_{0};
};

}  // namespace neso
