#include "perf/profile/token_times.h"

#include <gtest/gtest.h>

namespace neso::perf {
namespace {

using std::chrono::milliseconds;

// A request of which a token came at each of these milliseconds.
Sample TokensAt(const std::vector<int>& times, size_t request = 0) {
  Sample sample{.begin = TimePoint(), .end = TimePoint(milliseconds(9)), .turn = {.request = request}};
  for (const int time : times) sample.Add(TimePoint(milliseconds(time)));
  return sample;
}

Measured MeasuredOf(std::vector<Sample> samples, double seconds) {
  Measured measured;
  measured.seconds = seconds;
  measured.windows.push_back({.begin = {}, .end = {}, .samples = std::move(samples), .server = {}});
  return measured;
}

TEST(TokenTimesTest, TimesOfARequestAreThoseOfItsTokens) {
  const TokenTimes times = TokenTimesOf(MeasuredOf({TokensAt({100, 120, 160})}, 2), std::vector<size_t>{7});
  EXPECT_EQ(times.requests, 1u);
  EXPECT_DOUBLE_EQ(times.first_ms.Average(), 100);
  EXPECT_DOUBLE_EQ(times.second_ms.Average(), 20);
  EXPECT_DOUBLE_EQ(times.request_ms.Average(), 160);
  EXPECT_DOUBLE_EQ(times.between_ms.Average(), 30);
  EXPECT_DOUBLE_EQ(times.tokens_per_s_of_one.Average(), 1e3 / 30);
  EXPECT_DOUBLE_EQ(times.tokens.Average(), 3);
  EXPECT_DOUBLE_EQ(times.words.Average(), 7);
  EXPECT_DOUBLE_EQ(times.tokens_per_s, 1.5);
  EXPECT_DOUBLE_EQ(times.requests_per_s, 0.5);
}

TEST(TokenTimesTest, OneTokenHasNoTimeToTheNext) {
  const TokenTimes times =
      TokenTimesOf(MeasuredOf({TokensAt({10}), TokensAt({20, 30}, 1)}, 1), std::vector<size_t>{1, 3});
  EXPECT_DOUBLE_EQ(times.first_ms.Average(), 15);
  EXPECT_DOUBLE_EQ(times.between_ms.Least(), 10);
  EXPECT_DOUBLE_EQ(times.between_ms.Most(), 10);
  EXPECT_DOUBLE_EQ(times.words.Most(), 3);
}

TEST(TokenTimesTest, RequestsWithoutATokenDoNotCount) {
  const TokenTimes times = TokenTimesOf(MeasuredOf({TokensAt({})}, 1), std::vector<size_t>{1});
  EXPECT_EQ(times.requests, 0u);
  EXPECT_TRUE(times.first_ms.empty());
  EXPECT_DOUBLE_EQ(times.first_ms.Average(), 0);
  EXPECT_DOUBLE_EQ(times.tokens_per_s, 0);
}

TEST(SpreadTest, DeviationIsThatOfASample) {
  const Spread spread({4, 2, 6});
  EXPECT_DOUBLE_EQ(spread.Deviation(), 2);
  EXPECT_DOUBLE_EQ(spread.Percentile(50), 4);
  EXPECT_DOUBLE_EQ(Spread({5}).Deviation(), 0);
}

}  // namespace
}  // namespace neso::perf
