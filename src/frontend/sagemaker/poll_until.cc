#include "frontend/sagemaker/poll_until.h"

#include <algorithm>
#include <thread>

#include "base/clock.h"

namespace neso {

bool PollUntil(const std::function<bool()>& is_done, PollLimits limits) {
  const TimePoint deadline = std::chrono::steady_clock::now() + limits.limit;
  Nanoseconds pause = std::chrono::milliseconds(1);
  while (!is_done()) {
    const Nanoseconds left = deadline - std::chrono::steady_clock::now();
    if (left <= Nanoseconds::zero()) return false;
    std::this_thread::sleep_for(std::min(pause, left));
    pause = std::min<Nanoseconds>(pause * 2, limits.interval);
  }
  return true;
}

}  // namespace neso
