#include "server/signals.h"

#include <execinfo.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>

#include "base/log_file.h"

namespace neso {
namespace {

// A handler takes no argument of ours, so what it needs is static.
std::atomic<int> g_event_fd{-1};
std::atomic<bool> g_stop_asked{false};

// All that follows runs inside handlers: only async-signal-safe calls.
void WriteReceived(int fd, int signal_number) {
  char line[] = "Signal (NN) received.\n";
  char* digits = std::strchr(line, 'N');
  digits[0] = static_cast<char>('0' + signal_number / 10);
  digits[1] = static_cast<char>('0' + signal_number % 10);
  size_t length = sizeof(line) - 1;
  if (signal_number < 10) {  // one digit: close the gap
    std::memmove(digits, digits + 1, length - static_cast<size_t>(digits + 1 - line));
    --length;
  }
  [[maybe_unused]] const ssize_t written = write(fd, line, length);
}

void OnStop(int signal_number) {
  const int saved_errno = errno;
  if (!g_stop_asked.exchange(true)) {
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = write(g_event_fd, &one, sizeof(one));
    pollfd room = {.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};  // a pipe that nobody reads must not keep us
    if (poll(&room, 1, 0) > 0) WriteReceived(STDOUT_FILENO, signal_number);
  }
  errno = saved_errno;
}

void OnHangUp(int) { log::AskToReopenFile(); }

void OnCrash(int signal_number) {
  WriteReceived(STDERR_FILENO, signal_number);
  void* frames[64];
  backtrace_symbols_fd(frames, backtrace(frames, 64), STDERR_FILENO);
  raise(signal_number);  // SA_RESETHAND has put the default action back
}

void Handle(int signal_number, void (*handler)(int), int flags) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  sigemptyset(&action.sa_mask);
  sigaction(signal_number, &action, nullptr);
}

}  // namespace

void SurviveFailingWrites() {
  Handle(SIGPIPE, SIG_IGN, 0);
  Handle(SIGXFSZ, SIG_IGN, 0);
}

void ReopenLogOnHangUp() { Handle(SIGHUP, OnHangUp, SA_RESTART); }

Expected<std::unique_ptr<StopSignal>> StopSignal::Install() {
  const int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0) return Internal("no eventfd for signals: {}", std::strerror(errno));
  g_event_fd = fd;
  g_stop_asked = false;
  Handle(SIGINT, OnStop, SA_RESTART);
  Handle(SIGTERM, OnStop, SA_RESTART);
  // The first backtrace loads the unwinder, which must not happen inside a handler.
  void* frame[1];
  backtrace(frame, 1);
  Handle(SIGSEGV, OnCrash, static_cast<int>(SA_RESETHAND | SA_NODEFER));
  Handle(SIGABRT, OnCrash, static_cast<int>(SA_RESETHAND | SA_NODEFER));
  return std::unique_ptr<StopSignal>(new StopSignal(fd));
}

StopSignal::~StopSignal() {
  g_stop_asked = true;  // a late signal must not write to whatever the number stands for then
  g_event_fd = -1;
  // A handler on another thread has written before this is read, and so before the close.
  uint64_t asked = 0;
  [[maybe_unused]] const ssize_t taken = read(event_fd_, &asked, sizeof(asked));
  close(event_fd_);
}

void StopSignal::Wait() const {
  // A signal ends the wait early. Most are this thread's to handle, the first of the process.
  while (!WaitFor(std::chrono::milliseconds(-1))) log::ReopenFileIfAsked();
}

bool StopSignal::WaitFor(std::chrono::milliseconds timeout) const {
  pollfd descriptor = {.fd = event_fd_, .events = POLLIN, .revents = 0};
  return poll(&descriptor, 1, static_cast<int>(timeout.count())) > 0;
}

}  // namespace neso
