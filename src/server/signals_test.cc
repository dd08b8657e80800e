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
void RunWithSignals(void (*body)(const Signals& signals)) {
  dup2(STDERR_FILENO, STDOUT_FILENO);
  const Expected<std::unique_ptr<Signals>> signals = Signals::Install();
  if (!signals) std::exit(3);
  Signals::EndOrderly();
  body(**signals);
}

TEST(SignalsDeathTest, WhileThereIsNothingToFinishTheFirstOneEndsTheProcess) {
  const auto start = [] {
    dup2(STDERR_FILENO, STDOUT_FILENO);
    const auto signals = Signals::Install();
    raise(SIGUSR2);
    raise(SIGTERM);
    std::exit(2);
  };
  EXPECT_EXIT(start(), ExitedWithCode(0), "^Signal \\(15\\) received\\.\n$");
}

TEST(SignalsDeathTest, AnUpgradeThatIsAskedForEarlyIsKept) {
  const auto start = [] {
    const auto signals = Signals::Install();
    raise(SIGUSR2);
    Signals::EndOrderly();
    std::exit((*signals)->Wait() == Signals::Asked::kUpgrade ? 0 : 1);
  };
  EXPECT_EXIT(start(), ExitedWithCode(0), "");
}

TEST(SignalsDeathTest, TerminationEndsTheWait) {
  EXPECT_EXIT(RunWithSignals([](const Signals& signals) {
                if (signals.Wait(std::chrono::milliseconds(0))) std::exit(1);
                raise(SIGTERM);
                std::exit(signals.Wait() == Signals::Asked::kStop ? 0 : 1);
              }),
              ExitedWithCode(0), "^Signal \\(15\\) received\\.\n$");
}

TEST(SignalsDeathTest, ASecondInterruptAsksToHurry) {
  EXPECT_EXIT(RunWithSignals([](const Signals& signals) {
                raise(SIGINT);
                raise(SIGINT);
                if (signals.Wait() != Signals::Asked::kStop) std::exit(1);
                std::exit(signals.Wait() == Signals::Asked::kHurry ? 0 : 1);
              }),
              ExitedWithCode(0), "^Signal \\(2\\) received\\.\n$");
}

TEST(SignalsDeathTest, AThirdOneEndsTheProcess) {
  EXPECT_EXIT(RunWithSignals([](const Signals&) {
                for (const int number : {SIGTERM, SIGINT, SIGTERM}) raise(number);
                std::exit(0);
              }),
              ExitedWithCode(1), "Signal \\(15\\) received again\\. Exiting immediately\\.\n$");
}

TEST(SignalsDeathTest, AnUpgradeIsAskedForBesideAStop) {
  EXPECT_EXIT(RunWithSignals([](const Signals& signals) {
                raise(SIGUSR2);
                raise(SIGUSR2);
                if (signals.Wait() != Signals::Asked::kUpgrade) std::exit(1);
                if (signals.Wait(std::chrono::milliseconds(1))) std::exit(2);
                raise(SIGTERM);
                std::exit(signals.Wait() == Signals::Asked::kStop ? 0 : 3);
              }),
              ExitedWithCode(0), "");
}

TEST(SignalsDeathTest, ADescriptorThatCanBeReadEndsTheWait) {
  EXPECT_EXIT(RunWithSignals([](const Signals& signals) {
                int ends[2];
                if (pipe(ends) != 0 || write(ends[1], "x", 1) != 1) std::exit(1);
                std::exit(signals.Wait(std::chrono::milliseconds(-1), ends[0]) ? 2 : 0);
              }),
              ExitedWithCode(0), "");
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

TEST(SignalsDeathTest, NoSignalIsBlocked) {
  EXPECT_EXIT(RunWithSignals([](const Signals&) {
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
