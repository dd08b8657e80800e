// What signals do to the server: SIGINT and SIGTERM ask it to stop, SIGSEGV and SIGABRT leave a trace, SIGHUP opens the
// log file anew, SIGPIPE and SIGXFSZ are ignored.
//
//   SurviveFailingWrites();                           // first of all
//   if (!options.log.file.empty()) ReopenLogOnHangUp();
//   ASSIGN_OR_RETURN(const std::unique_ptr<StopSignal> stop, StopSignal::Install());
//   stop->Wait();
//
// No signal is blocked: plug-ins and the programs they start find the mask as the server found it.
#pragma once

#include <chrono>
#include <memory>

#include "base/status.h"

namespace neso {

// Whoever reads our output may go, and a file may be as long as it can be: errors of the write that meets them.
void SurviveFailingWrites();
// Without a log file SIGHUP stays what it is: the end of a terminal ends the server.
void ReopenLogOnHangUp();

// Handlers are the process's, so there is at most one; it leaves the handlers in place when it goes.
class StopSignal {
 public:
  // Installs the other handlers. Error: kInternal when the system gives no eventfd.
  static Expected<std::unique_ptr<StopSignal>> Install();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  // Returns when the first SIGINT or SIGTERM has come; "Signal (15) received." then stands on stdout. Later ones do
  // nothing. Meanwhile the log's file is opened anew when SIGHUP asks for it. Thread-safe.
  void Wait() const;
  // False when `timeout` passed first.
  bool WaitFor(std::chrono::milliseconds timeout) const;

 private:
  explicit StopSignal(int event_fd) : event_fd_(event_fd) {}
  const int event_fd_;
};

}  // namespace neso
