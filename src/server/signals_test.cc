#include "server/signals.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>

namespace neso {
namespace {

using ::testing::ExitedWithCode;
using ::testing::KilledBySignal;

// Each test runs in a process of its own, since handlers belong to the process. Stdout is shown as stderr there.
void RunWithSignals(void (*body)(const StopSignal& stop)) {
  dup2(STDERR_FILENO, STDOUT_FILENO);
  const Expected<std::unique_ptr<StopSignal>> stop = StopSignal::Install();
  if (!stop) std::exit(3);
  body(**stop);
}

TEST(SignalsDeathTest, TerminationEndsTheWait) {
  EXPECT_EXIT(RunWithSignals([](const StopSignal& stop) {
                if (stop.WaitFor(std::chrono::milliseconds(0))) std::exit(1);
                raise(SIGTERM);
                stop.Wait();
                std::exit(0);
              }),
              ExitedWithCode(0), "^Signal \\(15\\) received\\.\n$");
}

TEST(SignalsDeathTest, ASecondInterruptDoesNothing) {
  EXPECT_EXIT(RunWithSignals([](const StopSignal& stop) {
                raise(SIGINT);
                raise(SIGINT);
                stop.Wait();
                std::exit(0);
              }),
              ExitedWithCode(0), "^Signal \\(2\\) received\\.\n$");
}

TEST(SignalsDeathTest, WritesThatFailAreSurvived) {
  EXPECT_EXIT(
      {
        SurviveFailingWrites();
        raise(SIGPIPE);
        raise(SIGXFSZ);
        std::exit(0);
      },
      ExitedWithCode(0), "");
}

TEST(SignalsDeathTest, CrashesLeaveAStackTraceAndTheDefaultAction) {
  EXPECT_EXIT(RunWithSignals([](const StopSignal&) { std::abort(); }), KilledBySignal(SIGABRT),
              "^Signal \\(6\\) received\\.\n.*neso_server_test");
  EXPECT_EXIT(RunWithSignals([](const StopSignal&) { raise(SIGSEGV); }), KilledBySignal(SIGSEGV),
              "^Signal \\(11\\) received\\.\n.*neso_server_test");
}

TEST(SignalsDeathTest, NoSignalIsBlocked) {
  EXPECT_EXIT(RunWithSignals([](const StopSignal&) {
                sigset_t blocked;
                pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
                for (int number : {SIGINT, SIGTERM, SIGSEGV, SIGABRT, SIGPIPE}) {
                  if (sigismember(&blocked, number) == 1) std::exit(1);
                }
                std::exit(0);
              }),
              ExitedWithCode(0), "");
}

}  // namespace
}  // namespace neso
