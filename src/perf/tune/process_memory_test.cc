#include "perf/tune/process_memory.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <vector>

namespace neso::perf {
namespace {

constexpr size_t kBytes = size_t{64} << 20;
#if defined(__SANITIZE_ADDRESS__)  // which lets go of pages of its own meanwhile
constexpr size_t kSeen = kBytes * 3 / 4;
#else
constexpr size_t kSeen = kBytes * 9 / 10;
#endif

TEST(ProcessMemoryTest, ThatOfChildrenIsCounted) {
  const auto before = MemoryOfProcesses(getpid());
  ASSERT_TRUE(before.ok()) << before.error().message();
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    std::vector<char> taken(kBytes);
    std::memset(taken.data(), 7, taken.size());
    [[maybe_unused]] const ssize_t told = write(ready[1], taken.data(), 1);
    pause();
  }
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  EXPECT_GT(*MemoryOfProcesses(getpid()), *before + kSeen);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_LT(*MemoryOfProcesses(getpid()), *before + kBytes / 2);
  EXPECT_EQ(MemoryOfProcesses(child).error().code(), StatusCode::kUnavailable);
}

}  // namespace
}  // namespace neso::perf
