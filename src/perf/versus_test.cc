#include "perf/versus.h"

#include <gtest/gtest.h>

namespace neso::perf {
namespace {

RoundFigures RoundOf(size_t requests, int us, uint64_t batch) {
  Window window{.begin = TimePoint(std::chrono::seconds(1)),
                .end = TimePoint(std::chrono::seconds(2)),
                .samples = {},
                .server = {}};
  for (size_t i = 0; i < requests; i++)
    window.samples.push_back({.begin = window.begin, .end = window.begin + std::chrono::microseconds(us)});
  return FiguresOf(window, batch);
}

TEST(SpreadTest, HasTheMiddleAndTheEnds) {
  const Spread odd = SpreadOf({3, 1, 2}), even = SpreadOf({4, 1, 2, 3}), none = SpreadOf({});
  EXPECT_EQ(odd.median, 2);
  EXPECT_EQ(odd.least, 1);
  EXPECT_EQ(odd.largest, 3);
  EXPECT_EQ(even.median, 2.5);
  EXPECT_EQ(none.median, 0);
}

TEST(VersusTest, RatiosAreOfTheWindowsOfARound) {
  // A machine that becomes half as fast slows both.
  const std::vector<RoundFigures> first = {RoundOf(100, 1000, 4), RoundOf(50, 2000, 4)},
                                  second = {RoundOf(110, 900, 4), RoundOf(55, 1800, 4)};
  const Comparison comparison = Compare(first, second);
  EXPECT_EQ(comparison.rounds, 2u);
  EXPECT_EQ(comparison.first.throughput.largest, 400);
  EXPECT_NEAR(comparison.ratio.throughput.least, 1.1, 1e-9);
  EXPECT_NEAR(comparison.ratio.throughput.largest, 1.1, 1e-9);
  EXPECT_NEAR(comparison.ratio.p99_ms.median, 0.9, 1e-9);
}

TEST(VersusTest, ASilentServerHasNoRatio) {
  const std::vector<RoundFigures> first = {RoundOf(0, 1, 1)}, second = {RoundOf(5, 1, 1)};
  EXPECT_EQ(Compare(first, second).ratio.throughput.median, 0);
}

}  // namespace
}  // namespace neso::perf
