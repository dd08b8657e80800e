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

// While it lives the first SIGINT or SIGTERM is noted, and the next one ends the process. At most one lives.
class InterruptWatch {
 public:
  InterruptWatch();
  ~InterruptWatch();
  InterruptWatch(const InterruptWatch&) = delete;
  InterruptWatch& operator=(const InterruptWatch&) = delete;

  static bool HasCome();
  // Of a process that was interrupted, as shells have it: 130 for SIGINT. Precondition: HasCome.
  static int ExitCode();
};

// On stderr, what an interrupt makes the command do. Precondition: HasCome.
void SayInterrupted();

// As those of Load, but that an interrupt ends them.
Status RunFor(Load& load, Nanoseconds time);
Status RunUntil(Load& load, size_t more_samples);

}  // namespace neso::perf
