#include "perf/interrupt.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <csignal>

#include "base/signal_handler.h"
#include "perf/output.h"

namespace neso::perf {
namespace {

constexpr std::chrono::milliseconds kLook{50};
constexpr int kSignals[] = {SIGINT, SIGTERM};
constexpr int kShellsBase = 128;

// A handler takes no argument of ours, so what it sets is static.
std::atomic<int> g_signal{0};

void Note(int signal_number) { g_signal = signal_number; }

}  // namespace

InterruptWatch::InterruptWatch() {
  for (const int number : kSignals) HandleSignal(number, Note, SA_RESTART | static_cast<int>(SA_RESETHAND));
}

InterruptWatch::~InterruptWatch() {
  for (const int number : kSignals) HandleSignal(number, SIG_DFL);
  g_signal = 0;
}

bool InterruptWatch::HasCome() { return g_signal != 0; }

int InterruptWatch::ExitCode() { return kShellsBase + g_signal; }

void SayInterrupted() {
  Complain(fmt::format("Interrupt signal ({}) received.\nWaiting for in-flight inferences to complete.",
                       InterruptWatch::ExitCode() - kShellsBase));
}

Status RunFor(Load& load, Nanoseconds time) {
  const TimePoint end = std::chrono::steady_clock::now() + time;
  for (TimePoint now = end - time; now < end && !InterruptWatch::HasCome(); now = std::chrono::steady_clock::now())
    RETURN_IF_ERROR(load.RunFor(std::min<Nanoseconds>(end - now, kLook)));
  return {};
}

Status RunUntil(Load& load, size_t more_samples) {
  const size_t wanted = load.samples().size() + more_samples;
  while (load.samples().size() < wanted && !InterruptWatch::HasCome())
    RETURN_IF_ERROR(load.RunUntil(wanted - load.samples().size(), kLook));
  return {};
}

}  // namespace neso::perf
