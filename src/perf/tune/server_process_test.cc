// The process that is started is this test, again.
#include "perf/tune/server_process.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "perf/interrupt.h"

namespace neso::perf {
namespace {

constexpr const char* kStubborn = "NESO_TEST_STUBBORN";

// What does not end when it is asked to; in the process that the test starts, before there are tests.
bool RunStubborn() {
  if (std::getenv(kStubborn) == nullptr) return false;
  std::signal(SIGTERM, SIG_IGN);
  std::puts("Started HTTPService at 127.0.0.1:7 ");
  std::fflush(stdout);
  while (true) pause();
}
[[maybe_unused]] const bool kIsStubborn = RunStubborn();

Expected<std::unique_ptr<ServerProcess>> StartStubborn() {
  setenv(kStubborn, "1", 1);
  auto started = ServerProcess::Start({}, std::chrono::milliseconds(100));
  unsetenv(kStubborn);
  return started;
}

TEST(ServerProcessTest, WhatDoesNotEndIsKilled) {
  auto started = StartStubborn();
  ASSERT_TRUE(started.ok()) << started.error().message();
  const auto address = (*started)->AwaitAddress(std::chrono::steady_clock::now() + std::chrono::seconds(60));
  ASSERT_TRUE(address.ok()) << address.error().message();
  EXPECT_EQ(*address, "127.0.0.1:7");
  const pid_t process = (*started)->id();
  EXPECT_EQ(getpgid(process), process) << "the terminal's Ctrl-C goes to a whole group";
  started->reset();
  EXPECT_NE(kill(process, 0), 0);
}

TEST(ServerProcessTest, AnInterruptEndsTheWaitForIt) {
  const InterruptWatch watch;
  InterruptWatch::Defer();
  auto started = StartStubborn();
  ASSERT_TRUE(started.ok()) << started.error().message();
  raise(SIGINT);
  const auto address = (*started)->AwaitAddress(std::chrono::steady_clock::now() + std::chrono::seconds(60));
  ASSERT_FALSE(address.ok());
  EXPECT_EQ(address.error().code(), StatusCode::kCancelled);
}

}  // namespace
}  // namespace neso::perf
