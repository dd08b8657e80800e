// The handler of a signal.
//
//   HandleSignal(SIGTERM, OnStop, SA_RESTART);
#pragma once

#include <csignal>

namespace neso {

// `handler`: or SIG_DFL, SIG_IGN. `flags`: those of sigaction. No other signal is held back meanwhile. Async-signal-safe.
inline void HandleSignal(int signal_number, void (*handler)(int), int flags = 0) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  sigemptyset(&action.sa_mask);
  sigaction(signal_number, &action, nullptr);
}

}  // namespace neso
