#include "base/thread_start.h"

#include "base/log.h"
#include "base/log_throttle.h"

namespace neso {

void LogNoThread(const char* purpose, const std::exception& error) {
  static LogThrottle throttle;
  if (!throttle.Allow()) return;
  LOG_WARNING(
      "no further thread can be started for {}: {}; work waits for the threads that are there (look at the limits of "
      "processes and of memory: ulimit -u, pids.max, ulimit -v)",
      purpose, error.what());
}

}  // namespace neso
