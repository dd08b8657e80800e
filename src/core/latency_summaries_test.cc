#include "core/latency_summaries.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <random>
#include <thread>
#include <vector>

namespace neso {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;

TEST(DurationCountsTest, WithoutDurationsThereIsNoQuantile) {
  DurationCounts counts;
  EXPECT_TRUE(std::isnan(counts.Quantile(0.5)));
}

TEST(DurationCountsTest, ShortDurationsAreExact) {
  DurationCounts counts;
  for (uint64_t us = 1; us <= 100; ++us) counts.Add(us);
  EXPECT_EQ(counts.Quantile(0), 1);
  EXPECT_EQ(counts.Quantile(0.5), 50);
  EXPECT_EQ(counts.Quantile(0.999), 100);
  EXPECT_EQ(counts.Quantile(1), 100);
}

TEST(DurationCountsTest, LongOnesAreWithinAHundredth) {
  std::mt19937_64 random(1);
  std::lognormal_distribution<double> distribution(9, 3);
  DurationCounts counts;
  std::vector<uint64_t> durations;
  for (int i = 0; i < 20'000; ++i) {
    durations.push_back(static_cast<uint64_t>(distribution(random)));
    counts.Add(durations.back());
  }
  std::sort(durations.begin(), durations.end());
  for (const double share : {0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const auto rank = static_cast<size_t>(std::ceil(share * 20'000)) - 1;
    const auto expected = static_cast<double>(durations[rank]);
    EXPECT_NEAR(counts.Quantile(share), expected, expected * 0.008) << share;
  }
}

TEST(DurationCountsTest, EvenTheLongestHasAClass) {
  DurationCounts counts;
  counts.Add(UINT64_MAX);
  EXPECT_NEAR(counts.Quantile(1), 4.4e12, 4.4e10);
}

TEST(DurationCountsTest, CountsOfTwoAddUp) {
  DurationCounts one;
  DurationCounts other;
  one.Add(1);
  other.Add(100'000);
  other.Add(100'000);
  one.Merge(other);
  EXPECT_EQ(one.Quantile(0.3), 1);
  EXPECT_NEAR(one.Quantile(0.5), 100'000, 800);
}

class LatencySummariesTest : public ::testing::Test {
 protected:
  SummaryReading Read(uint64_t now_s) const {
    SummaryReadings all;
    summaries_.AddTo(all, now_s * kSecond);
    return all[static_cast<size_t>(Summary::kQueue)];
  }

  LatencySummaries summaries_;
};

TEST_F(LatencySummariesTest, QuantilesAreOfTheLastMinute) {
  summaries_.Observe(Summary::kQueue, 7'999, 1200 * kSecond);
  EXPECT_EQ(Read(1200).recent.Quantile(0.5), 7);
  EXPECT_EQ(Read(1259).recent.Quantile(0.5), 7);
  EXPECT_TRUE(std::isnan(Read(1260).recent.Quantile(0.5)));
  summaries_.Observe(Summary::kQueue, 9'000, 1261 * kSecond);
  EXPECT_EQ(Read(1262).recent.Quantile(0), 9);
}

TEST_F(LatencySummariesTest, CountsAndSumsAreOfAllTimes) {
  summaries_.Observe(Summary::kQueue, 7'999, 1200 * kSecond);
  summaries_.Observe(Summary::kQueue, 9'000, 1900 * kSecond);
  EXPECT_EQ(Read(1900).count, 2U);
  EXPECT_EQ(Read(1900).sum_us, 16U);
  EXPECT_EQ(Read(1900).recent.Quantile(1), 9);
}

TEST_F(LatencySummariesTest, AClockThatIsSomewhatBehindIsTakenAsItIs) {
  summaries_.Observe(Summary::kQueue, 1'000, 1212 * kSecond);
  summaries_.Observe(Summary::kQueue, 2'000, 1212 * kSecond - 1);
  EXPECT_EQ(Read(1212).recent.Quantile(1), 2);
  EXPECT_EQ(Read(1212).recent.Quantile(0), 1);
}

TEST_F(LatencySummariesTest, OnesThatReadDisturbNobody) {
  std::atomic<bool> ends{false};
  std::thread reader([&] {
    uint64_t last = 0;
    while (!ends.load()) {
      const SummaryReading reading = Read(1200 + 12 * (last % 3));
      EXPECT_GE(reading.count, last);
      last = reading.count;
      const double median = reading.recent.Quantile(0.5);
      EXPECT_TRUE(std::isnan(median) || median == 7) << median;
    }
  });
  for (uint64_t i = 0; i < 50'000; ++i) summaries_.Observe(Summary::kQueue, 7'000, (1200 + i / 1000) * kSecond);
  ends = true;
  reader.join();
  EXPECT_EQ(Read(1249).count, 50'000U);
}

}  // namespace
}  // namespace neso
