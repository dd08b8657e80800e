#include "base/event.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace neso {
namespace {

TimePoint In(Nanoseconds time) { return std::chrono::steady_clock::now() + time; }

TEST(EventTest, WhatWasSetBeforeEndsTheNextWaitOnly) {
  Event event;
  event.Set();
  event.Set();
  EXPECT_TRUE(event.WaitUntil(In(std::chrono::hours(1))));
  EXPECT_FALSE(event.WaitUntil(In(std::chrono::milliseconds(1))));
}

TEST(EventTest, AWaiterSeesWhatWasCountedBeforeTheEvent) {
  constexpr int kCounted = 1000;
  Event event;
  std::atomic<int> left{kCounted};
  std::thread counter([&] {
    for (int i = 0; i < kCounted; ++i) {
      if (left.fetch_sub(1, std::memory_order_relaxed) == 1) event.Set();
    }
  });
  EXPECT_TRUE(event.WaitUntil(In(std::chrono::hours(1))));
  EXPECT_EQ(left.load(std::memory_order_relaxed), 0);
  counter.join();
}

}  // namespace
}  // namespace neso
