#include "perf/send_times.h"

#include <gtest/gtest.h>

#include "base/test_folder.h"

namespace neso::perf {
namespace {

using std::chrono::microseconds;

TEST(SendTimesTest, ARateIsConstantOrPoisson) {
  SendTimes constant = SendTimes::AtRate(1000, Distribution::kConstant);
  EXPECT_EQ(constant.NextPause(), microseconds(1000));
  EXPECT_EQ(constant.NextPause(), microseconds(1000));

  SendTimes poisson = SendTimes::AtRate(1000, Distribution::kPoisson);
  double sum = 0, squares = 0;
  constexpr int kCount = 20'000;
  for (int i = 0; i < kCount; i++) {
    const double pause_us = std::chrono::duration<double, std::micro>(poisson.NextPause()).count();
    sum += pause_us;
    squares += pause_us * pause_us;
  }
  const double mean = sum / kCount;
  EXPECT_NEAR(mean, 1000, 30);
  EXPECT_NEAR(squares / kCount - mean * mean, 1e6, 6e4);  // of an exponential distribution
}

TEST(SendTimesTest, IntervalsRepeat) {
  SendTimes times = SendTimes::AtIntervals({microseconds(1), microseconds(5)});
  EXPECT_EQ(times.NextPause(), microseconds(1));
  EXPECT_EQ(times.NextPause(), microseconds(5));
  EXPECT_EQ(times.NextPause(), microseconds(1));
}

TEST(SendTimesTest, GivenTimesAreKeptOnce) {
  SendTimes times = SendTimes::AtOffsets({microseconds(2), microseconds(2), microseconds(7)});
  EXPECT_EQ(times.first_pause(), microseconds(2));
  EXPECT_EQ(times.NextPause(), microseconds(0));
  EXPECT_EQ(times.NextPause(), microseconds(5));
  EXPECT_GT(times.NextPause(), std::chrono::hours(24));
  EXPECT_GT(times.NextPause(), std::chrono::hours(24));
}

TEST(SendTimesTest, AFileHasAnIntervalInEachLine) {
  const TestFolder folder;
  folder.Write("good", "100\n 300\r\n\n");
  const auto intervals = ReadIntervals(folder.Path("good"));
  ASSERT_TRUE(intervals.ok());
  EXPECT_EQ(*intervals, (std::vector<Nanoseconds>{microseconds(100), microseconds(300)}));
  EXPECT_DOUBLE_EQ(RateOf(*intervals), 5000);
  folder.Write("bad", "100\n0\n");
  EXPECT_NE(ReadIntervals(folder.Path("bad")).error().message().find(":2: expected microseconds between two requests"),
            std::string::npos);
  folder.Write("empty", "\n");
  EXPECT_FALSE(ReadIntervals(folder.Path("empty")).ok());
  EXPECT_FALSE(ReadIntervals(folder.Path("none")).ok());
}

}  // namespace
}  // namespace neso::perf
