#include "server/drain.h"

#include <algorithm>

#include "base/log.h"

namespace neso {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Each request of an open stream is refused by itself for so long; then its client is told by the stream's end.
constexpr seconds kStreamGrace{1};

size_t Sum(const std::vector<DrainedService>& services, std::function<size_t()> DrainedService::*count) {
  size_t sum = 0;
  for (const DrainedService& service : services) sum += (service.*count)();
  return sum;
}

void Report(const std::vector<DrainedService>& services, TimePoint now, TimePoint deadline) {
  const auto left = std::chrono::ceil<seconds>(deadline - now);
  for (const DrainedService& service : services) {
    const size_t connections = service.connections();
    if (connections == 0) continue;
    LOG_INFO("Timeout {}: Found {} {} service connections", left.count(), connections, service.name);
  }
}

}  // namespace

void DrainServices(const std::vector<DrainedService>& services, TimePoint deadline, DrainPace pace) {
  const auto changed = std::make_shared<Event>();
  for (const DrainedService& service : services) service.begin(changed);
  const TimePoint begin = std::chrono::steady_clock::now();
  const TimePoint idle_end = begin + pace.idle_grace;
  TimePoint stream_end = begin + kStreamGrace;
  // Idle connections are gone after the grace; only what is left then is worth a line.
  TimePoint next_line = idle_end + milliseconds(50);
  for (;;) {
    const TimePoint now = std::chrono::steady_clock::now();
    const bool is_early = now < begin + pace.at_least;
    if ((Sum(services, &DrainedService::connections) == 0 && !is_early) || now >= deadline) return;
    if (now >= idle_end && Sum(services, &DrainedService::busy_connections) == 0) {
      for (const DrainedService& service : services) service.end_idle_connections();
    }
    if (now >= stream_end) {
      stream_end = TimePoint::max();
      for (const DrainedService& service : services) {
        if (service.end_idle_streams) service.end_idle_streams();
      }
    }
    if (now >= next_line) {
      next_line = now + seconds(1);
      Report(services, now, deadline);
    }
    changed->WaitUntil(std::min({deadline, stream_end, next_line, now < idle_end ? idle_end : deadline,
                                 is_early ? begin + pace.at_least : deadline}));
  }
}

}  // namespace neso
