#include "base/executor.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>
#include <future>
#include <stdexcept>
#include <thread>
#include <vector>

namespace neso {
namespace {

TEST(ExecutorTest, HasOneThreadFromTheStart) {
  Executor executor("test", 4);
  EXPECT_EQ(executor.ThreadsForTest(), 1u);
}

TEST(ExecutorTest, DestructorWaitsForQueuedWork) {
  std::atomic<int> ran{0};
  {
    Executor executor("test", 2);
    for (int i = 0; i < 1000; i++) executor.Post([&ran] { ran++; });
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
    executor.Post([&, released] {
      if (++blocked == 7) all_blocked.set_value();
      released.wait();
    });
  }
  all_blocked.get_future().wait();
  std::promise<void> last;
  executor.Post([&] { last.set_value(); });
  last.get_future().wait();
  release.set_value();
}

TEST(ExecutorTest, StaysBelowItsLimitAndGrowsWhenItIsRaised) {
  Executor executor("test", 1);
  std::promise<void> release;
  std::shared_future<void> released = release.get_future().share();
  executor.Post([released] { released.wait(); });
  std::promise<void> second;
  executor.Post([&] { second.set_value(); });
  EXPECT_EQ(executor.ThreadsForTest(), 1u);
  executor.SetMaxThreads(2);
  second.get_future().wait();
  release.set_value();
}

TEST(ExecutorTest, AllIdleThreadsButOneRetireAndLaterWorkStillRuns) {
  Executor executor("test", 4, std::chrono::milliseconds(1));
  for (int round = 0; round < 3; round++) {
    std::promise<void> done;
    executor.Post([&] { done.set_value(); });
    done.get_future().wait();
    while (executor.ThreadsForTest() != 1) std::this_thread::yield();
  }
}

TEST(ExecutorTest, WorkThatThrowsTakesNoThreadAlong) {
  Executor executor("test", 1);
  executor.Post([] { throw std::runtime_error("thrown by a test"); });
  std::promise<void> next;
  executor.Post([&] { next.set_value(); });
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
  executor.Post([&] { go_on.get_future().wait(); });
  executor.Post([&] { second.set_value(); });
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
    Executor executor("test", 3, std::chrono::microseconds(50));
    std::vector<std::thread> posters;
    for (int t = 0; t < 4; t++) {
      posters.emplace_back([&] {
        for (int i = 0; i < 500; i++) executor.Post([&ran] { ran++; });
      });
    }
    for (std::thread& poster : posters) poster.join();
  }
  EXPECT_EQ(ran, 2000);
}

}  // namespace
}  // namespace neso
