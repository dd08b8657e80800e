#include "net/transfer_pace.h"

#include <gtest/gtest.h>

namespace neso::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr TimePoint kStart{seconds(1000)};

TEST(TransferPaceTest, NothingForTheWholeTimeIsTooSlow) {
  TransferPace pace;
  pace.Start(kStart);
  EXPECT_EQ(pace.Deadline(milliseconds(500), 256), kStart + milliseconds(500));
}

TEST(TransferPaceTest, APauseIsForgivenToWhoIsFast) {
  TransferPace pace;
  pace.Start(kStart);
  pace.OnBytes(1'000'000, kStart + seconds(20));
  EXPECT_EQ(pace.Deadline(seconds(5), 100), kStart + seconds(25));
}

TEST(TransferPaceTest, AByteNowAndThenIsTooSlow) {
  TransferPace pace;
  pace.Start(kStart);
  for (int second = 4; second < 100; second += 4) pace.OnBytes(1, kStart + seconds(second));
  EXPECT_EQ(pace.Deadline(seconds(5), 100), kStart + seconds(5));
  pace.OnBytes(976, kStart + seconds(8));
  EXPECT_EQ(pace.Deadline(seconds(5), 100), kStart + seconds(13)) << "a thousand bytes may take ten seconds more";
}

TEST(TransferPaceTest, WithoutARateOnlyPausesCount) {
  TransferPace pace;
  pace.Start(kStart);
  pace.OnBytes(1, kStart + seconds(1000));
  EXPECT_EQ(pace.Deadline(seconds(5), 0), kStart + seconds(1005));
}

TEST(TransferPaceTest, AnyNumberOfBytesIsATime) {
  TransferPace pace;
  pace.Start(kStart);
  pace.OnBytes(SIZE_MAX, kStart);
  EXPECT_EQ(pace.Deadline(seconds(5), 1), kStart + seconds(5));
}

}  // namespace
}  // namespace neso::net
