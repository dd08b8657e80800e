#include "server/exit_watch.h"

#include <poll.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "base/signal_handler.h"

namespace neso {
namespace {

// Inside a handler: only async-signal-safe calls.
void OnTimeIsUp(int) {
  constexpr char kLine[] = "failed to stop server: Internal - Exit timeout expired. Exiting immediately.\n";
  pollfd room{.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
  if (poll(&room, 1, 0) > 0) {
    [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, kLine, sizeof(kLine) - 1);
  }
  _exit(1);
}

}  // namespace

void EndProcessAfter(std::chrono::milliseconds time) {
  time = std::max(time, std::chrono::milliseconds(1));  // zero would mean never
  HandleSignal(SIGALRM, OnTimeIsUp);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
  const auto rest = std::chrono::duration_cast<std::chrono::microseconds>(time - seconds);
  const itimerval timer{.it_interval = {}, .it_value = {.tv_sec = seconds.count(), .tv_usec = rest.count()}};
  setitimer(ITIMER_REAL, &timer, nullptr);
}

}  // namespace neso
