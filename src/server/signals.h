// What signals ask of the server: SIGINT and SIGTERM to stop, SIGUSR2 to make way for a new process, SIGHUP to open the
// log file anew, or to stop; SIGPIPE and SIGXFSZ are ignored. Crashes are server/crash_report.h's.
//
//   SurviveFailingWrites();                           // first of all
//   if (!options.log.file.empty()) ReopenLogOnHangUp();
//   ASSIGN_OR_RETURN(const std::unique_ptr<Signals> signals, Signals::Install());
//   ...                                               // the models are loaded
//   signals->EndOrderly();
//   signals->Wait();
//
// No signal is blocked: plug-ins and the programs they start find the mask as the server found it.
#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "base/status.h"

namespace neso {

// Whoever reads our output may go, and a file may be as long as it can be: errors of the write that meets them.
void SurviveFailingWrites();
// Where there is neither a log file nor a service manager SIGHUP means that the server's terminal has ended, and asks it to stop.
void ReopenLogOnHangUp();

// Handlers are the process's, so there is at most one; it leaves the handlers in place when it goes.
class Signals {
 public:
  enum class Asked {
    kStop,     // the first SIGINT, SIGTERM or end of the terminal; "Signal (15) received." then stands on stdout
    kHurry,    // the second one
    kUpgrade,  // SIGUSR2
  };

  // Installs the handlers. Until EndOrderly() there is nothing to finish: the first signal to stop ends the process at
  // once, with exit code 0. What asks to make way is kept until somebody waits for it. Error: kInternal when the system
  // gives no eventfd.
  static Expected<std::unique_ptr<Signals>> Install();
  ~Signals() = default;
  // From now on signals to stop are for Wait. The third of them ends the process at once, with exit code 1, whatever it
  // does.
  static void EndOrderly();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  // The next thing that is asked for. Nothing when `timeout` passed first, or when `other`, a descriptor, can be read; a
  // negative timeout never passes. Meanwhile the log's file is opened anew when SIGHUP asks for it. Confined to one thread.
  std::optional<Asked> Wait(std::chrono::milliseconds timeout = std::chrono::milliseconds(-1), int other = -1) const;

 private:
  explicit Signals(int event_fd) : event_fd_(event_fd) {}
  std::optional<Asked> Take() const;
  const int event_fd_;  // stays open: a handler that is late must not write to whatever its number stands for then
};

}  // namespace neso
