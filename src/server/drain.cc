#include "server/drain.h"

#include <algorithm>
#include <thread>

#include "base/log.h"

namespace neso {

void WaitForNone(const std::function<size_t()>& connection_count, std::string_view service_name, TimePoint deadline) {
  using std::chrono::milliseconds;
  using std::chrono::seconds;
  // Idle connections are closed within microseconds of the drain's begin; only what is left after that is worth a line.
  TimePoint next_line = std::chrono::steady_clock::now() + milliseconds(100);
  // Connections end on network threads that should not know of this wait, so it looks: often at first, then rarely.
  milliseconds pause(1);
  for (;;) {
    const size_t connections = connection_count();
    const TimePoint now = std::chrono::steady_clock::now();
    if (connections == 0 || now >= deadline) return;
    if (now >= next_line) {
      const auto left = std::chrono::ceil<seconds>(deadline - now);
      LOG_INFO("Timeout {}: Found {} {} service connections", left.count(), connections, service_name);
      next_line = now + seconds(1);
    }
    std::this_thread::sleep_for(std::min<Nanoseconds>(pause, deadline - now));
    pause = std::min(pause * 2, milliseconds(20));
  }
}

}  // namespace neso
