#include "frontend/sagemaker/poll_until.h"

#include <gtest/gtest.h>

namespace neso {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

TEST(PollUntilTest, WhatIsDoneIsNotWaitedFor) {
  EXPECT_TRUE(PollUntil([] { return true; }, {.limit = milliseconds(0), .interval = hours(1)}));
}

TEST(PollUntilTest, AsksAgainUntilItIsDone) {
  int asked = 0;
  EXPECT_TRUE(PollUntil([&] { return ++asked == 3; }, {.limit = hours(1), .interval = milliseconds(1)}));
  EXPECT_EQ(asked, 3);
}

TEST(PollUntilTest, GivesUpAtTheLimit) {
  int asked = 0;
  EXPECT_FALSE(PollUntil([&] { return ++asked == 0; }, {.limit = milliseconds(3), .interval = hours(1)}));
  EXPECT_GE(asked, 2);
}

}  // namespace
}  // namespace neso
