#include "perf/measure.h"

#include <gtest/gtest.h>

namespace neso::perf {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

// A window of a second, with `requests` that took `us` each.
Window Of(size_t requests, int us) {
  const TimePoint begin{seconds(100)};
  Window window{.begin = begin, .end = begin + seconds(1), .samples = {}, .server = {}};
  for (size_t i = 0; i < requests; i++) window.samples.push_back({.begin = begin, .end = begin + microseconds(us)});
  return window;
}

TEST(LatenciesTest, PercentilesAreSamples) {
  std::vector<Sample> samples;
  for (int us = 100; us >= 1; us--) samples.push_back({.begin = {}, .end = TimePoint(microseconds(us))});
  const Latencies latencies = LatenciesOf(samples);
  EXPECT_DOUBLE_EQ(latencies.average_us, 50.5);
  EXPECT_NEAR(latencies.deviation_us, 29.01, 0.01);
  EXPECT_DOUBLE_EQ(latencies.Percentile(50), 50);
  EXPECT_DOUBLE_EQ(latencies.Percentile(99), 99);
  EXPECT_DOUBLE_EQ(latencies.Percentile(100), 100);
  EXPECT_DOUBLE_EQ(LatenciesOf({}).Percentile(50), 0);
}

TEST(StabilityTest, ThreeWindowsInARowHaveToAgree) {
  const auto stable = [](std::vector<Window> windows) { return AreStable(windows, 0.1, -1); };
  EXPECT_FALSE(stable({Of(10, 5), Of(10, 5)}));
  EXPECT_TRUE(stable({Of(10, 5), Of(10, 5), Of(10, 5)}));
  EXPECT_TRUE(stable({Of(99, 9), Of(100, 100), Of(110, 110), Of(105, 105)}));
  EXPECT_FALSE(stable({Of(100, 100), Of(111, 100), Of(100, 100)}));  // throughput
  EXPECT_FALSE(stable({Of(100, 100), Of(100, 100), Of(100, 111)}));  // latency
  EXPECT_FALSE(stable({Of(0, 0), Of(0, 0), Of(0, 0)}));
}

}  // namespace
}  // namespace neso::perf
