#include "base/executor.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>
#include <future>
#include <stdexcept>
#include <thread>
#include <vector>

#include "base/test_support.h"

namespace neso {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using test::BlockingWork;
using test::Eventually;

template <typename Function>
void Do(Executor& executor, Function function) {
  EXPECT_TRUE(executor.Post(std::move(function)));
}

TEST(ExecutorTest, HasOneThreadFromTheStart) {
  Executor executor("test", 4);
  EXPECT_EQ(executor.ThreadsForTest(), 1u);
}

std::vector<std::unique_ptr<BlockingWork>> MakeBlocking(size_t count, Nanoseconds expected) {
  std::vector<std::unique_ptr<BlockingWork>> works;
  for (size_t i = 0; i < count; i++) works.push_back(std::make_unique<BlockingWork>(expected));
  return works;
}

TEST(ExecutorTest, WorkKnownToBeLongHasAThreadOfItsOwnAtOnce) {
  auto works = MakeBlocking(8, hours(1));
  Executor executor("test", 16, {.width = 1, .patience = hours(1)});
  for (auto& work : works) executor.Post(work.get());
  for (auto& work : works) work->started.get_future().wait();
  std::promise<void> short_work;
  Do(executor, [&] { short_work.set_value(); });
  short_work.get_future().wait();
  for (auto& work : works) work->release.set_value();
}

TEST(ExecutorTest, ShortWorkHasNoMoreThreadsThanItsWidthAndOneThatLooksOn) {
  auto first = MakeBlocking(2, Nanoseconds(0));
  Executor executor("test", 16, {.width = 2, .patience = hours(1)});
  for (auto& work : first) executor.Post(work.get());
  for (auto& work : first) work->started.get_future().wait();
  std::atomic<int> running{0}, most{0}, ran{0};
  for (int i = 0; i < 1000; i++) {
    Do(executor, [&] {
      const int now = ++running;
      for (int before = most; before < now && !most.compare_exchange_weak(before, now);) {
      }
      ran++;
      running--;
    });
  }
  EXPECT_TRUE(executor.HasWaiting());
  EXPECT_EQ(ran, 0);
  EXPECT_EQ(executor.ThreadsForTest(), 3u);
  std::promise<void> last;
  Do(executor, [&] { last.set_value(); });
  for (auto& work : first) work->release.set_value();
  last.get_future().wait();
  EXPECT_LE(most, 2);
  EXPECT_EQ(executor.ThreadsForTest(), 3u);
}

// Whether it was thought short, or nobody knew.
TEST(ExecutorTest, WhatTurnsOutLongKeepsNobodyWaiting) {
  for (const Nanoseconds expected : {Nanoseconds(0), Runnable::kUnknown}) {
    auto works = MakeBlocking(8, expected);
    std::promise<void> after;
    Executor executor("test", 16, {.width = 2, .patience = std::chrono::milliseconds(1)});  // outlived by all work
    for (auto& work : works) executor.Post(work.get());
    for (auto& work : works) work->started.get_future().wait();
    Do(executor, [&] { after.set_value(); });
    after.get_future().wait();
    for (auto& work : works) work->release.set_value();
  }
}

TEST(ExecutorTest, LongWorkThatWaitedAtTheLimitNeedsNoSeat) {
  auto first = MakeBlocking(2, hours(1)), second = MakeBlocking(2, hours(1));
  Executor executor("test", 2, {.width = 1, .patience = hours(1)});
  for (auto& work : first) executor.Post(work.get());
  for (auto& work : first) work->started.get_future().wait();
  for (auto& work : second) executor.Post(work.get());
  EXPECT_EQ(executor.ThreadsForTest(), 2u);
  for (auto& work : first) work->release.set_value();
  for (auto& work : second) work->started.get_future().wait();
  for (auto& work : second) work->release.set_value();
}

TEST(ExecutorTest, DestructorWaitsForQueuedWork) {
  std::atomic<int> ran{0};
  {
    Executor executor("test", 2);
    for (int i = 0; i < 1000; i++) Do(executor, [&ran] { ran++; });
  }
  EXPECT_EQ(ran, 1000);
}

TEST(ExecutorTest, GrowsWhileAllThreadsAreBlocked) {
  Executor executor("test", 8);
  std::promise<void> release;
  std::shared_future<void> released = release.get_future().share();
  std::atomic<int> blocked{0};
  std::promise<void> all_blocked;
  for (int i = 0; i < 7; i++) {
    Do(executor, [&, released] {
      if (++blocked == 7) all_blocked.set_value();
      released.wait();
    });
  }
  all_blocked.get_future().wait();
  std::promise<void> last;
  Do(executor, [&] { last.set_value(); });
  last.get_future().wait();
  release.set_value();
}

TEST(ExecutorTest, StaysBelowItsLimit) {
  BlockingWork first(hours(1));
  Executor executor("test", 1, {.width = 4, .patience = milliseconds(1)});
  executor.Post(&first);
  first.started.get_future().wait();
  std::promise<void> second;
  Do(executor, [&] { second.set_value(); });
  EXPECT_EQ(executor.ThreadsForTest(), 1u);
  first.release.set_value();
  second.get_future().wait();
}

TEST(ExecutorTest, AllIdleThreadsButOneRetireAndLaterWorkStillRuns) {
  std::vector<std::unique_ptr<BlockingWork>> rounds[3];
  Executor executor("test", 4, {.idle_timeout = milliseconds(1)});  // outlived by all work
  for (auto& works : rounds) {
    works = MakeBlocking(3, hours(1));
    for (auto& work : works) executor.Post(work.get());
    for (auto& work : works) work->started.get_future().wait();
    EXPECT_GE(executor.ThreadsForTest(), 3u);  // one more, if a seat was refilled while they started
    for (auto& work : works) work->release.set_value();
    EXPECT_TRUE(Eventually([&] { return executor.ThreadsForTest() == 1; }));
  }
}

TEST(ExecutorTest, WorkThatThrowsTakesNoThreadAlong) {
  Executor executor("test", 1);
  Do(executor, [] { throw std::runtime_error("thrown by a test"); });
  std::promise<void> next;
  Do(executor, [&] { next.set_value(); });
  next.get_future().wait();
  EXPECT_EQ(executor.ThreadsForTest(), 1u);
}

// The system gives no further thread: what is posted runs on the one that is there.
TEST(ExecutorTest, WorkWaitsForAThreadWhereNoneCanBeStarted) {
  Executor executor("test", 8);
  pthread_attr_t usual;
  ASSERT_EQ(pthread_getattr_default_np(&usual), 0);
  pthread_attr_t impossible;
  pthread_attr_init(&impossible);
  pthread_attr_setstacksize(&impossible, size_t{1} << 47);  // all the address space there is
  ASSERT_EQ(pthread_setattr_default_np(&impossible), 0);
  std::promise<void> go_on;
  std::promise<void> second;
  Do(executor, [&] { go_on.get_future().wait(); });
  Do(executor, [&] { second.set_value(); });
  const size_t threads = executor.ThreadsForTest();
  ASSERT_EQ(pthread_setattr_default_np(&usual), 0);
  EXPECT_EQ(threads, 1u);
  go_on.set_value();
  second.get_future().wait();
}

TEST(ExecutorTest, RunsRunnables) {
  struct Flag final : Runnable {
    void Run() override { done.set_value(); }
    Nanoseconds ExpectedDuration() const override { return {}; }
    std::promise<void> done;
  } flag;
  Executor executor("test", 1);
  executor.Post(&flag);
  flag.done.get_future().wait();
}

TEST(ExecutorTest, PostsFromManyThreadsAllRun) {
  std::atomic<int> ran{0};
  {
    Executor executor("test", 3, {.idle_timeout = std::chrono::microseconds(50)});
    std::vector<std::thread> posters;
    for (int t = 0; t < 4; t++) {
      posters.emplace_back([&] {
        for (int i = 0; i < 500; i++) Do(executor, [&ran] { ran++; });
      });
    }
    for (std::thread& poster : posters) poster.join();
  }
  EXPECT_EQ(ran, 2000);
}

}  // namespace
}  // namespace neso
