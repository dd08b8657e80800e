#include "perf/tune/goal.h"

#include <gtest/gtest.h>

namespace neso::perf {
namespace {

Goal GoalOf(std::string_view objectives) {
  Goal goal;
  EXPECT_TRUE(TakeObjectives(objectives, goal).ok()) << objectives;
  return goal;
}

TEST(GoalTest, TheUsualScoreIsTheThroughput) {
  EXPECT_NEAR(Goal().Score({.throughput = 420, .latency_ms = 9}), 420, 1e-6);
}

TEST(GoalTest, TwiceAsGoodCountsTheSameWhateverTheUnit) {
  const Goal goal = GoalOf("throughput,latency");
  const Figures before{.throughput = 100, .latency_ms = 8};
  EXPECT_NEAR(goal.Score({.throughput = 200, .latency_ms = 16}), goal.Score(before), 1e-9);
  EXPECT_GT(goal.Score({.throughput = 200, .latency_ms = 15}), goal.Score(before));
  const Goal weighted = GoalOf("perf_throughput=2,perf_latency_p99");
  EXPECT_GT(weighted.Score({.throughput = 200, .latency_ms = 16}), weighted.Score(before));
}

TEST(GoalTest, LessMemoryMayBeBetterThanMoreThroughput) {
  const Goal goal = GoalOf("ram=3,throughput");
  EXPECT_GT(goal.Score({.throughput = 100, .ram_mib = 100}), goal.Score({.throughput = 199, .ram_mib = 150}));
  EXPECT_TRUE(goal.NeedsRam());
  EXPECT_FALSE(GoalOf("latency").NeedsRam());
}

TEST(GoalTest, LimitsAreKeptOrNamed) {
  const Goal goal{.latency_budget_ms = 10, .min_throughput = 50, .max_ram_mib = 200};
  EXPECT_EQ(goal.Breach({.throughput = 50, .latency_ms = 10, .ram_mib = 200}), "");
  EXPECT_EQ(goal.Breach({.throughput = 50, .latency_ms = 10.5, .ram_mib = 9}), "10.500 ms is above 10 ms");
  EXPECT_EQ(goal.Breach({.throughput = 49, .latency_ms = 1, .ram_mib = 9}), "49 infer/sec is below 50");
  EXPECT_EQ(goal.Breach({.throughput = 99, .latency_ms = 1, .ram_mib = 201}), "201 MiB is above 200 MiB");
}

// Its latency of 0 would be the best of all.
TEST(GoalTest, ALoadWithoutAnAnswerIsNotWithinTheLimits) {
  EXPECT_EQ(GoalOf("latency").Breach({.throughput = 0, .latency_ms = 0, .ram_mib = 9}),
            "no answer came within a window: a longer --measurement-interval has some");
  EXPECT_EQ(GoalOf("latency").Breach({.throughput = 0.1, .latency_ms = 9000, .ram_mib = 9}), "");
}

TEST(GoalTest, PeopleReadWhatIsLookedFor) {
  EXPECT_EQ(Goal().Text(), "The most inferences a second");
  Goal goal = GoalOf("latency,ram=0.5");
  goal.min_throughput = 50;
  goal.latency_budget_ms = 10;
  EXPECT_EQ(goal.Text(), "The best of latency (1), ram (0.5) with at most 10 ms, at least 50 inferences a second");
}

TEST(GoalTest, WhatIsNoObjectiveIsSaid) {
  Goal goal;
  for (const std::string_view text :
       {"", "speed", "ram=", "ram=0", "ram=-1", "ram=x", "ram=1e9", "ram,,latency", "ram=nan"})
    EXPECT_EQ(TakeObjectives(text, goal).code(), StatusCode::kInvalidArg) << text;
}

}  // namespace
}  // namespace neso::perf
