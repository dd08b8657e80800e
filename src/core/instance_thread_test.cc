#include "core/instance_thread.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

namespace neso {
namespace {

struct Task final : Runnable {
  explicit Task(std::function<void()> body) : body(std::move(body)) {}
  void Run() override { body(); }
  Nanoseconds ExpectedDuration() const override { return Nanoseconds::max(); }
  std::function<void()> body;
};

TEST(InstanceThreadTest, RunsEverythingOnOneThread) {
  InstanceThread thread("worker");
  std::thread::id first, second, nested;
  thread.Run([&] { first = std::this_thread::get_id(); });
  thread.Run([&] {
    second = std::this_thread::get_id();
    thread.Run([&] { nested = std::this_thread::get_id(); });
  });
  EXPECT_NE(first, std::this_thread::get_id());
  EXPECT_EQ(first, second);
  EXPECT_EQ(first, nested);
}

TEST(InstanceThreadTest, FinishesWhatWasPostedBeforeItEnds) {
  std::atomic<int> runs{0};
  Task task([&] { ++runs; });
  {
    InstanceThread thread("worker");
    for (int i = 0; i < 100; ++i) thread.Post(&task);
  }
  EXPECT_EQ(runs, 100);
}

TEST(InstanceThreadTest, CanBeDestroyedByItsOwnWork) {
  std::promise<void> done;
  auto* const thread = new InstanceThread("worker");
  Task task([&] {
    delete thread;
    done.set_value();
  });
  thread->Post(&task);
  done.get_future().wait();
}

}  // namespace
}  // namespace neso
