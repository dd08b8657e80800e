#include "base/in_turn.h"

#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace neso {
namespace {

class Work final : public Runnable {
 public:
  explicit Work(std::function<void()> body) : body_(std::move(body)) {}
  void Run() override { body_(); }

 private:
  const std::function<void()> body_;
};

TEST(InTurnTest, WorkRunsAtOnce) {
  bool has_run = false;
  Work work([&] { has_run = true; });
  RunInTurn(&work);
  EXPECT_TRUE(has_run);
}

TEST(InTurnTest, WorkThatWorkBringsRunsAfterIt) {
  std::string order;
  Work inner([&] { order += "c"; });
  Work outer([&] {
    order += "a";
    RunInTurn(&inner);
    order += "b";
  });
  RunInTurn(&outer);
  EXPECT_EQ(order, "abc");
}

TEST(InTurnTest, AMillionLinksTakeNoStack) {
  int left = 1'000'000;
  uintptr_t lowest = UINTPTR_MAX, highest = 0;
  Work* self = nullptr;
  Work work([&] {
    const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
    lowest = std::min(lowest, here);
    highest = std::max(highest, here);
    if (--left > 0) RunInTurn(self);
  });
  self = &work;
  RunInTurn(&work);
  EXPECT_EQ(left, 0);
  EXPECT_LT(highest - lowest, 1024u);
}

TEST(InTurnTest, AnExceptionEndsOnlyItsOwnWork) {
  bool has_run = false;
  Work later([&] { has_run = true; });
  Work throwing([&] {
    RunInTurn(&later);
    throw std::runtime_error("no luck");
  });
  RunInTurn(&throwing);
  EXPECT_TRUE(has_run);
}

}  // namespace
}  // namespace neso
