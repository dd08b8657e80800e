// What signals do to the server: SIGINT and SIGTERM ask it to stop, SIGSEGV and SIGABRT leave a trace, SIGPIPE is
// ignored.
//
//   ASSIGN_OR_RETURN(const std::unique_ptr<StopSignal> stop, StopSignal::Install());
//   stop->Wait();
//
// No signal is blocked: plug-ins and the programs they start find the mask as the server found it.
#pragma once

#include <chrono>
#include <memory>

#include "base/status.h"

namespace neso {

// A reader that goes away, of the log or of a connection, is no reason to end: the first thing the program does.
void IgnoreBrokenPipes();

// Handlers are the process's, so there is at most one; it leaves the handlers in place when it goes.
class StopSignal {
 public:
  // Installs all the handlers. Error: kInternal when the system gives no eventfd.
  static Expected<std::unique_ptr<StopSignal>> Install();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  // Returns when the first SIGINT or SIGTERM has come; "Signal (15) received." then stands on stdout. Later ones do
  // nothing. Thread-safe.
  void Wait() const;
  // False when `timeout` passed first.
  bool WaitFor(std::chrono::milliseconds timeout) const;

 private:
  explicit StopSignal(int event_fd) : event_fd_(event_fd) {}
  const int event_fd_;
};

}  // namespace neso
