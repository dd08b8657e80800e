#include "perf/request_plan.h"

#include <gtest/gtest.h>

#include <set>

namespace neso::perf {
namespace {

TEST(RoundRobinTest, RequestsTakeTurnsWhateverTheLane) {
  RoundRobin plan(2);
  EXPECT_EQ(plan.Next(0)->request, 0u);
  EXPECT_EQ(plan.Next(7)->request, 1u);
  EXPECT_EQ(plan.Next(0)->request, 0u);
  EXPECT_EQ(plan.Next(0)->sequence, 0u);
  EXPECT_EQ(plan.End(0), std::nullopt);
}

TEST(SequencePlanTest, ALaneHasOneStreamAfterTheOther) {
  SequencePlan plan({2, 1}, {});
  const auto next = [&plan](size_t lane) {
    const Turn turn = *plan.Next(lane);
    return fmt::format("{}@{}{}{}", turn.request, turn.sequence, turn.starts ? "s" : "", turn.ends ? "e" : "");
  };
  EXPECT_EQ(next(0), "0@1s");
  EXPECT_EQ(next(1), "2@2se");
  EXPECT_EQ(next(0), "1@1e");
  EXPECT_EQ(next(0), "0@3s");
}

TEST(SequencePlanTest, LengthsVary) {
  SequencePlan plan({1}, {.length = 10, .variation = 0.2});
  std::set<size_t> lengths;
  for (int i = 0; i < 200; i++) {
    size_t length = 1;
    while (!plan.Next(0)->ends) length++;
    lengths.insert(length);
  }
  EXPECT_EQ(*lengths.begin(), 8u);
  EXPECT_EQ(*lengths.rbegin(), 12u);
  EXPECT_EQ(lengths.size(), 5u);
}

TEST(SequencePlanTest, IdsStayInTheirRangeAndAreNotShared) {
  SequencePlan plan({3}, {.first_id = 5, .end_id = 7});
  EXPECT_EQ(plan.Next(0)->sequence, 5u);
  EXPECT_EQ(plan.Next(1)->sequence, 6u);
  plan.Next(1);
  plan.Next(1);
  EXPECT_EQ(plan.Next(1)->sequence, 6u);  // 5 lives
}

TEST(SequencePlanTest, WhatHasBegunIsEnded) {
  SequencePlan plan({3}, {});
  EXPECT_EQ(plan.End(0), std::nullopt);
  plan.Next(0);
  const std::optional<Turn> last = plan.End(0);
  ASSERT_TRUE(last);
  EXPECT_TRUE(last->ends && !last->starts);
  EXPECT_EQ(last->sequence, 1u);
  EXPECT_EQ(plan.End(0), std::nullopt);
}

TEST(SessionPlanTest, ALaneHasOneSessionAfterTheOtherAndEachOnce) {
  using std::chrono::milliseconds;
  SessionPlan plan({{milliseconds(5), milliseconds(7), {}}, {milliseconds(9)}, {{}, {}}});
  const auto next = [&plan](size_t lane) {
    const std::optional<Turn> turn = plan.Next(lane);
    if (!turn) return std::string("none");
    return fmt::format("{}{}{} {}", turn->request, turn->starts ? "s" : "", turn->ends ? "e" : "",
                       turn->pause / milliseconds(1));
  };
  EXPECT_EQ(next(0), "0s 0");
  EXPECT_EQ(next(1), "3se 0");
  EXPECT_EQ(next(0), "1 5");
  EXPECT_EQ(next(1), "4s 0");  // the pause behind a last answer is nobody's
  EXPECT_EQ(next(0), "2e 7");
  EXPECT_EQ(next(0), "none");
  EXPECT_EQ(next(1), "5e 0");
  EXPECT_EQ(next(1), "none");
  EXPECT_EQ(plan.End(0), std::nullopt);
}

}  // namespace
}  // namespace neso::perf
