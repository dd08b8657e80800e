#include "base/stop_signal.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace neso {
namespace {

using std::chrono::milliseconds;

TEST(StopSignalTest, APauseIsAsLongAsItSays) {
  StopSignal stop;
  const TimePoint begin = SteadyClock::Instance().Now();
  EXPECT_TRUE(stop.Pause(milliseconds(20)));
  EXPECT_GE(SteadyClock::Instance().Now() - begin, milliseconds(20));
  EXPECT_FALSE(stop.IsSet());
}

TEST(StopSignalTest, EndsAllPausesAndThoseThatFollow) {
  StopSignal stop;
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) threads.emplace_back([&] { EXPECT_FALSE(stop.Pause(std::chrono::hours(1))); });
  stop.Set();
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(stop.IsSet());
  EXPECT_FALSE(stop.Pause(std::chrono::hours(1)));
}

}  // namespace
}  // namespace neso
