#include "client_library/retry.h"

#include <gtest/gtest.h>

namespace neso::client_library {
namespace {

using std::chrono::milliseconds;

TEST(RetryBudgetTest, AllowsSomeAtOnceAndThenAShareOfTheCalls) {
  RetryBudget budget(0.25, 2);
  EXPECT_TRUE(budget.Take());
  EXPECT_TRUE(budget.Take());
  EXPECT_FALSE(budget.Take());
  for (int call = 0; call < 4; ++call) budget.NoteCall();
  EXPECT_TRUE(budget.Take());
  EXPECT_FALSE(budget.Take());
}

TEST(RetryBudgetTest, SavesNoMoreThanItsReserve) {
  RetryBudget budget(0.25, 2);
  for (int call = 0; call < 1000; ++call) budget.NoteCall();
  int retries = 0;
  while (budget.Take()) ++retries;
  EXPECT_EQ(retries, 2);
}

TEST(RetryPauseTest, GrowsUpToItsLongest) {
  std::minstd_rand random(1);
  Nanoseconds longest_of[4] = {};
  for (int retry = 1; retry <= 3; ++retry) {
    for (int i = 0; i < 1000; ++i)
      longest_of[retry] =
          std::max(longest_of[retry], PauseBeforeRetry(retry, milliseconds(10), milliseconds(30), random));
  }
  EXPECT_LE(longest_of[1], milliseconds(10));
  EXPECT_GT(longest_of[1], milliseconds(9));
  EXPECT_LE(longest_of[2], milliseconds(20));
  EXPECT_GT(longest_of[2], milliseconds(18));
  EXPECT_LE(longest_of[3], milliseconds(30));
  EXPECT_LE(PauseBeforeRetry(1'000'000, milliseconds(10), milliseconds(30), random), milliseconds(30));
}

}  // namespace
}  // namespace neso::client_library
