// The process that is started is this test, again.
#include "perf/tune/server_process.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "base/test_folder.h"

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

std::vector<std::filesystem::path> FilesIn(const std::string& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) files.push_back(entry.path());
  return files;
}

TEST(ServerProcessTest, WhatDoesNotEndIsKilledAndItsLogIsGone) {
  const TestFolder folder;
  setenv("TMPDIR", folder.path().c_str(), 1);
  setenv(kStubborn, "1", 1);
  auto started = ServerProcess::Start({}, std::chrono::milliseconds(100));
  unsetenv("TMPDIR");
  unsetenv(kStubborn);
  ASSERT_TRUE(started.ok()) << started.error().message();
  const auto address = (*started)->AwaitAddress(std::chrono::steady_clock::now() + std::chrono::seconds(60));
  ASSERT_TRUE(address.ok()) << address.error().message();
  EXPECT_EQ(*address, "127.0.0.1:7");
  const std::vector<std::filesystem::path> files = FilesIn(folder.path());
  ASSERT_EQ(files.size(), 1u);
  EXPECT_EQ(std::filesystem::status(files[0]).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  const pid_t process = (*started)->id();
  started->reset();
  EXPECT_NE(kill(process, 0), 0);
  EXPECT_TRUE(FilesIn(folder.path()).empty());
}

}  // namespace
}  // namespace neso::perf
