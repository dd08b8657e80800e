#include "perf/interrupt.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdlib>

#include "base/signal_handler.h"
#include "perf/output.h"

namespace neso::perf {
namespace {

constexpr std::chrono::milliseconds kLook{50};
constexpr int kSignals[] = {SIGINT, SIGTERM};
constexpr int kShellsBase = 128;

constexpr std::chrono::seconds kAfterwards{2};  // that answers are waited for

// A handler takes no argument of ours, so what it sets is static.
std::atomic<int> g_signal{0};
std::atomic<Nanoseconds::rep> g_since{0};

void Note(int signal_number) {
  g_since = std::chrono::steady_clock::now().time_since_epoch().count();
  g_signal = signal_number;
}

void End(int signal_number) { std::_Exit(kShellsBase + signal_number); }

void HandleAll(void (*handler)(int), int flags = 0) {
  for (const int number : kSignals) HandleSignal(number, handler, flags);
}

}  // namespace

InterruptWatch::InterruptWatch() { HandleAll(End); }

InterruptWatch::~InterruptWatch() {
  HandleAll(SIG_DFL);
  g_signal = 0;
}

// The signal after the one that was noted ends the process: it is not to be noted, too.
void InterruptWatch::Defer() {
  if (!HasCome()) HandleAll(Note, SA_RESTART | static_cast<int>(SA_RESETHAND));
}

bool InterruptWatch::HasCome() { return g_signal != 0; }

bool InterruptWatch::IsOverdue(TimePoint begin) {
  if (!HasCome()) return false;
  const TimePoint since = std::max(begin, TimePoint(Nanoseconds(g_since)));
  return std::chrono::steady_clock::now() >= since + kAfterwards;
}

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
