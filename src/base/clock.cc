#include "base/clock.h"

#include <ctime>

namespace neso {

const SteadyClock& SteadyClock::Instance() {
  static const SteadyClock clock;
  return clock;
}

TimePoint CoarseNow() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return TimePoint(std::chrono::seconds(now.tv_sec) + Nanoseconds(now.tv_nsec));
}

}  // namespace neso
