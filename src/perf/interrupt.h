// The end that somebody asks for while a server is measured: what was measured until then is still told, and the server
// is left as it was found.
//
//   const InterruptWatch watch;
//   while (!InterruptWatch::HasCome()) RETURN_IF_ERROR(RunFor(load, std::chrono::seconds(1)));
#pragma once

#include "base/clock.h"
#include "base/status.h"
#include "perf/load.h"

namespace neso::perf {

// While it lives SIGINT or SIGTERM ends the process at once, with ExitCode, as long as there is nothing to tell and
// nothing to leave as it was found; from Defer on the first one is noted, and the next one ends the process. At most one
// lives.
class InterruptWatch {
 public:
  InterruptWatch();
  ~InterruptWatch();
  InterruptWatch(const InterruptWatch&) = delete;
  InterruptWatch& operator=(const InterruptWatch&) = delete;

  // Precondition: one lives.
  static void Defer();
  static bool HasCome();
  // Of a process that was interrupted, as shells have it: 130 for SIGINT. Precondition: HasCome.
  static int ExitCode();
  // Of a wait for a server that began then: somebody waits for the end, and it has had a moment to answer since.
  static bool IsOverdue(TimePoint begin);
};

// On stderr, what an interrupt makes the command do. Precondition: HasCome.
void SayInterrupted();

// As those of Load, but that an interrupt ends them.
Status RunFor(Load& load, Nanoseconds time);
Status RunUntil(Load& load, size_t more_samples);

}  // namespace neso::perf
