#include "base/saturating.h"

#include <gtest/gtest.h>

namespace neso {
namespace {

constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
constexpr int64_t kMin = std::numeric_limits<int64_t>::min();

TEST(SaturatingTest, AddsUpToTheEndsOfTheRange) {
  EXPECT_EQ(SaturatingAdd<int64_t>(2, 3), 5);
  EXPECT_EQ(SaturatingAdd<int64_t>(kMax, 1), kMax);
  EXPECT_EQ(SaturatingAdd<int64_t>(kMin, -1), kMin);
  EXPECT_EQ(SaturatingAdd<int64_t>(kMin, kMax), -1);
  EXPECT_EQ(SaturatingAdd<uint64_t>(UINT64_MAX, 1), UINT64_MAX);
}

TEST(SaturatingTest, MultipliesUpToTheEndsOfTheRange) {
  EXPECT_EQ(SaturatingMultiply<int64_t>(-4, 5), -20);
  EXPECT_EQ(SaturatingMultiply<int64_t>(kMax, 2), kMax);
  EXPECT_EQ(SaturatingMultiply<int64_t>(kMax, -2), kMin);
  EXPECT_EQ(SaturatingMultiply<int64_t>(kMin, -1), kMax);
  EXPECT_EQ(SaturatingMultiply<uint64_t>(uint64_t{1} << 40, uint64_t{1} << 40), UINT64_MAX);
}

TEST(SaturatingTest, CountsDurationsAsFarAsNanosecondsGo) {
  EXPECT_EQ(SaturatingMicroseconds(7), Nanoseconds(7'000));
  EXPECT_EQ(SaturatingMilliseconds(7), Nanoseconds(7'000'000));
  EXPECT_EQ(SaturatingSeconds(7), Nanoseconds(7'000'000'000));
  EXPECT_EQ(SaturatingMicroseconds(9'223'372'036'854'775), Nanoseconds(9'223'372'036'854'775'000));
  EXPECT_EQ(SaturatingMicroseconds(9'223'372'036'854'776), Nanoseconds::max());
  EXPECT_EQ(SaturatingSeconds(UINT64_MAX), Nanoseconds::max());
}

TEST(SaturatingTest, ATimeThatCannotBeCountedIsNever) {
  const TimePoint now(Nanoseconds(1'000));
  EXPECT_EQ(After(now, Nanoseconds(5)), TimePoint(Nanoseconds(1'005)));
  EXPECT_EQ(After(now, SaturatingMicroseconds(9'223'372'036'854'775)), TimePoint::max());
  EXPECT_EQ(After(now, Nanoseconds::max()), TimePoint::max());
  EXPECT_EQ(After(TimePoint::max(), Nanoseconds(1)), TimePoint::max());
}

}  // namespace
}  // namespace neso
