#include "repository/memory_return.h"

#include <gtest/gtest.h>

#include <atomic>

#include "base/test_support.h"

namespace neso {
namespace {

using std::chrono::milliseconds;

class MemoryReturnTest : public ::testing::Test {
 protected:
  MemoryReturnTest() : timers_(clock_), executor_("test", 1) {}
  ~MemoryReturnTest() override { memory_return_.Stop(); }
  void Advance(Nanoseconds time) {
    clock_.Advance(time);
    timers_.LookAtClockForTest();
  }
  bool HasRun(int times) {
    return test::Eventually([&] { return runs_ == times; });
  }
  // All that is posted has run.
  void Settle() {
    std::atomic<bool> has_run = false;
    ASSERT_TRUE(executor_.Post([&has_run] { has_run = true; }));
    EXPECT_TRUE(test::Eventually([&] { return has_run.load(); }));
  }

  ManualClock clock_;
  TimerQueue timers_;
  std::atomic<int> runs_ = 0;
  Nanoseconds takes_{0};
  Executor executor_;
  MemoryReturn memory_return_{executor_, &timers_,
                              [this] {
                                clock_.Advance(takes_);
                                ++runs_;
                              },
                              clock_};
};

TEST_F(MemoryReturnTest, WhoAsksAfterAPauseIsServedAtOnce) {
  memory_return_.Ask();
  EXPECT_TRUE(HasRun(1));
  Settle();
  Advance(MemoryReturn::kPause);
  memory_return_.Ask();
  EXPECT_TRUE(HasRun(2));
}

TEST_F(MemoryReturnTest, ManyThatAskSoonAfterAreServedOnceWhenThePauseIsOver) {
  memory_return_.Ask();
  ASSERT_TRUE(HasRun(1));
  Settle();
  for (int i = 0; i < 10; ++i) memory_return_.Ask();
  Advance(MemoryReturn::kPause - milliseconds(1));
  Settle();
  EXPECT_EQ(runs_, 1);
  Advance(milliseconds(1));
  EXPECT_TRUE(HasRun(2));
  Settle();
  Advance(10 * MemoryReturn::kPause);
  Settle();
  EXPECT_EQ(runs_, 2);
}

TEST_F(MemoryReturnTest, WhatTakesLongIsFollowedByALongPause) {
  takes_ = milliseconds(100);
  memory_return_.Ask();
  ASSERT_TRUE(HasRun(1));
  Settle();
  memory_return_.Ask();
  Advance(milliseconds(1999));
  Settle();
  EXPECT_EQ(runs_, 1);
  Advance(milliseconds(1));
  EXPECT_TRUE(HasRun(2));
}

TEST_F(MemoryReturnTest, AfterAStopNothingRuns) {
  memory_return_.Ask();
  ASSERT_TRUE(HasRun(1));
  Settle();
  memory_return_.Ask();
  memory_return_.Stop();
  Advance(10 * MemoryReturn::kPause);
  Settle();
  EXPECT_EQ(runs_, 1);
}

}  // namespace
}  // namespace neso
