#include "base/short_turns.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <thread>

namespace neso {
namespace {

// Nanoseconds of this thread's turns; zero of a kernel that does not tell.
uint64_t Turn() {
  std::array<unsigned char, 48> attributes{};
  if (syscall(SYS_sched_getattr, 0, attributes.data(), attributes.size(), 0) != 0) return 0;
  uint64_t runtime = 0;
  std::memcpy(&runtime, attributes.data() + 24, sizeof(runtime));
  return runtime;
}

TEST(ShortTurns, AThreadHasShorterTurnsAndIsOtherwiseAsItWas) {
  std::thread([] {
    const uint64_t before = Turn();
    const int nice = getpriority(PRIO_PROCESS, 0);
    PreferShortTurns();
    EXPECT_EQ(getpriority(PRIO_PROCESS, 0), nice);
    EXPECT_EQ(sched_getscheduler(0), SCHED_OTHER);
    if (before == 0) GTEST_SKIP() << "this kernel has no turns of a thread's own";
    EXPECT_EQ(Turn(), 100'000u);
    EXPECT_GT(before, Turn());
    std::thread([] { EXPECT_EQ(Turn(), 100'000u); }).join();
  }).join();
  EXPECT_NE(Turn(), 100'000u) << "others are as they were";
}

}  // namespace
}  // namespace neso
