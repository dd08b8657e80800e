#include "server/signals.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>

#include "base/clock.h"
#include "base/log_file.h"
#include "base/signal_handler.h"
#include "server/signal_text.h"

namespace neso {
namespace {

// A handler takes no argument of ours, so what it needs is static.
std::atomic<int> g_event_fd{-1};
std::atomic<int> g_stops{0};       // signals to stop that have come
std::atomic<int> g_stops_seen{0};  // that Wait has told of
std::atomic<bool> g_upgrade_asked{false};
std::atomic<bool> g_ends_at_once{false};

void Tell() {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(g_event_fd, &one, sizeof(one));
}

// All that follows runs inside handlers: only async-signal-safe calls.
void OnStop(int signal_number) {
  const int saved_errno = errno;
  switch (g_stops.fetch_add(1)) {
    case 0:
      Tell();
      if (CanWrite(STDOUT_FILENO)) SignalText(STDOUT_FILENO) << "Signal (" << signal_number << ") received.\n";
      if (g_ends_at_once) _exit(0);
      break;
    case 1: Tell(); break;
    default:
      if (CanWrite(STDERR_FILENO))
        SignalText(STDERR_FILENO) << "Signal (" << signal_number << ") received again. Exiting immediately.\n";
      _exit(1);
  }
  errno = saved_errno;
}

void OnUpgrade(int) {
  const int saved_errno = errno;
  if (!g_upgrade_asked.exchange(true)) Tell();
  errno = saved_errno;
}

void OnHangUp(int) { log::AskToReopenFile(); }

bool IsLeftToTheSystem(int signal_number) {
  struct sigaction action = {};
  sigaction(signal_number, nullptr, &action);
  return action.sa_handler == SIG_DFL;
}

}  // namespace

void SurviveFailingWrites() {
  HandleSignal(SIGPIPE, SIG_IGN, 0);
  HandleSignal(SIGXFSZ, SIG_IGN, 0);
}

void ReopenLogOnHangUp() { HandleSignal(SIGHUP, OnHangUp, SA_RESTART); }

Expected<std::unique_ptr<Signals>> Signals::Install() {
  const int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0) return Internal("no eventfd for signals: {}", std::strerror(errno));
  g_event_fd = fd;
  g_stops = 0;
  g_stops_seen = 0;
  g_upgrade_asked = false;
  g_ends_at_once = true;
  HandleSignal(SIGINT, OnStop, SA_RESTART);
  HandleSignal(SIGTERM, OnStop, SA_RESTART);
  // The terminal is gone. Not where nohup has it ignored, nor where it is the log's.
  if (IsLeftToTheSystem(SIGHUP)) HandleSignal(SIGHUP, OnStop, SA_RESTART);
  HandleSignal(SIGUSR2, OnUpgrade, SA_RESTART);
  return std::unique_ptr<Signals>(new Signals(fd));
}

void Signals::EndOrderly() { g_ends_at_once = false; }

std::optional<Signals::Asked> Signals::Take() const {
  const int seen = g_stops_seen;
  if (seen < std::min(g_stops.load(), 2)) {
    g_stops_seen = seen + 1;
    return seen == 0 ? Asked::kStop : Asked::kHurry;
  }
  if (g_upgrade_asked.exchange(false)) return Asked::kUpgrade;
  return std::nullopt;
}

std::optional<Signals::Asked> Signals::Wait(std::chrono::milliseconds timeout, int other) const {
  const TimePoint end = std::chrono::steady_clock::now() + timeout;
  while (true) {
    log::ReopenFileIfAsked();
    if (const std::optional<Asked> asked = Take()) return asked;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    std::array<pollfd, 2> descriptors = {pollfd{.fd = event_fd_, .events = POLLIN, .revents = 0},
                                         pollfd{.fd = other, .events = POLLIN, .revents = 0}};
    const int wait = timeout.count() < 0 ? -1 : static_cast<int>(std::max<int64_t>(0, left.count()));
    // A signal ends the wait early. Most are this thread's to handle, the first of the process.
    const int ready = poll(descriptors.data(), descriptors.size(), wait);
    if (ready == 0 || descriptors[1].revents != 0) return Take();
    uint64_t told = 0;  // what it is about is told elsewhere
    [[maybe_unused]] const ssize_t taken = read(event_fd_, &told, sizeof(told));
  }
}

}  // namespace neso
