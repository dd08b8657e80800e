#include "base/timer_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>
#include <vector>

namespace neso {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

TimePoint In(milliseconds delay) { return std::chrono::steady_clock::now() + delay; }

TEST(TimerQueueTest, RunsInOrderOfDeadlineNotOfScheduling) {
  TimerQueue timers;
  std::vector<int> order;
  std::promise<void> done;
  timers.Schedule(In(milliseconds(20)), [&] {
    order.push_back(2);
    done.set_value();
  });
  timers.Schedule(In(milliseconds(5)), [&] { order.push_back(1); });
  done.get_future().wait();
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

TEST(TimerQueueTest, PastDeadlineRunsAtOnceEvenWhileAFarOneWaits) {
  TimerQueue timers;
  timers.Schedule(In(hours(1)), [] { FAIL(); });
  std::promise<void> done;
  timers.Schedule({}, [&] { done.set_value(); });
  done.get_future().wait();
}

TEST(TimerQueueTest, ADeadlineThatNeverComesHoldsUpNobody) {
  TimerQueue timers;
  const TimerId never = timers.Schedule(TimePoint::max(), [] { FAIL(); });
  std::this_thread::sleep_for(milliseconds(20));  // the queue's thread waits for it
  std::promise<void> done;
  timers.Schedule(In(milliseconds(1)), [&] { done.set_value(); });
  done.get_future().wait();
  EXPECT_TRUE(timers.Cancel(never));
}

TEST(TimerQueueTest, CancelledTimerDoesNotRun) {
  TimerQueue timers;
  const TimerId timer = timers.Schedule(In(hours(1)), [] { FAIL(); });
  EXPECT_TRUE(timers.Cancel(timer));
  EXPECT_FALSE(timers.Cancel(timer));
  EXPECT_FALSE(timers.Cancel(TimerId{}));
}

TEST(TimerQueueTest, CancelAndWaitOutlastsTheRunningFunction) {
  TimerQueue timers;
  std::promise<void> started;
  std::promise<void> go_on;
  std::atomic<bool> finished{false};
  const TimerId timer = timers.Schedule({}, [&] {
    started.set_value();
    go_on.get_future().wait();
    finished = true;
  });
  started.get_future().wait();
  EXPECT_FALSE(timers.Cancel(timer));
  go_on.set_value();
  EXPECT_FALSE(timers.CancelAndWait(timer));
  EXPECT_TRUE(finished);
}

TEST(TimerQueueTest, AFunctionMayCancelItselfAndScheduleAnother) {
  TimerQueue timers;
  std::promise<void> done;
  std::promise<TimerId> self;
  std::shared_future<TimerId> id = self.get_future().share();
  self.set_value(timers.Schedule(In(milliseconds(2)), [&, id] {
    EXPECT_FALSE(timers.CancelAndWait(id.get()));
    timers.Schedule({}, [&] { done.set_value(); });
  }));
  done.get_future().wait();
}

TEST(TimerQueueTest, GoesByTheClockThatItIsGiven) {
  ManualClock clock;
  TimerQueue timers(clock);
  std::promise<void> ran;
  timers.Schedule(clock.Now() + hours(1), [&] { ran.set_value(); });
  clock.Advance(hours(1));
  timers.LookAtClockForTest();
  ran.get_future().wait();
}

TEST(TimerQueueTest, DestructorDropsWhatIsNotDue) {
  auto held = std::make_shared<int>(1);
  {
    TimerQueue timers;
    timers.Schedule(In(hours(1)), [held] { FAIL(); });
  }
  EXPECT_EQ(held.use_count(), 1);
}

}  // namespace
}  // namespace neso
