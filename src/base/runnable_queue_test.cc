#include "base/runnable_queue.h"

#include <gtest/gtest.h>

namespace neso {
namespace {

struct Nothing final : Runnable {
  void Run() override {}
};

TEST(RunnableQueueTest, GivesBackInOrder) {
  RunnableQueue queue;
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.PopFront(), nullptr);
  Nothing a, b, c;
  for (Runnable* work : {&a, &b}) queue.PushBack(work);
  EXPECT_EQ(queue.first(), &a);
  EXPECT_EQ(queue.PopFront(), &a);
  queue.PushBack(&c);
  EXPECT_EQ(queue.PopFront(), &b);
  EXPECT_EQ(queue.PopFront(), &c);
  EXPECT_TRUE(queue.empty());
}

TEST(RunnableQueueTest, WorkCanComeBackAfterItWasTaken) {
  RunnableQueue queue;
  Nothing a, b;
  for (int i = 0; i < 3; i++) {
    queue.PushBack(&a);
    queue.PushBack(&b);
    EXPECT_EQ(queue.PopFront(), &a);
    EXPECT_EQ(queue.PopFront(), &b);
    EXPECT_EQ(queue.PopFront(), nullptr);
  }
}

}  // namespace
}  // namespace neso
