#include "perf/tune/candidate.h"

#include <gtest/gtest.h>

namespace neso::perf {
namespace {

constexpr Candidate kStart{.instances = 1, .batch = 8, .delay_us = 0};

std::vector<Candidate> Tried(const Axes& axes, bool is_whole, double (*score)(const Candidate&), Candidate& best) {
  CandidateSearch search(axes, kStart, is_whole);
  std::vector<Candidate> tried;
  while (const std::optional<Candidate> candidate = search.Next()) {
    tried.push_back(*candidate);
    search.Judge(score(*candidate));
  }
  best = search.best();
  return tried;
}

TEST(CandidateSearchTest, OnePartAfterTheOther) {
  Candidate best;
  const auto score = [](const Candidate& c) {
    return static_cast<double>(10 * (c.instances == 2) + c.batch - c.delay_us / 100);
  };
  const auto tried = Tried({{1, 2, 3}, {0, 8, 16}, {0, 100}}, false, score, best);
  EXPECT_EQ(tried, (std::vector<Candidate>{{1, 8, 0}, {2, 8, 0}, {3, 8, 0}, {2, 0, 0}, {2, 16, 0}, {2, 16, 100}}));
  EXPECT_EQ(best, (Candidate{2, 16, 0}));
}

TEST(CandidateSearchTest, AllCombinationsOnce) {
  Candidate best;
  const auto score = [](const Candidate& c) { return static_cast<double>(c.instances + c.delay_us); };
  const auto tried = Tried({{1, 2}, {0, 8}, {0, 100}}, true, score, best);
  EXPECT_EQ(tried, (std::vector<Candidate>{{1, 8, 0}, {1, 0, 0}, {1, 8, 100}, {2, 0, 0}, {2, 8, 0}, {2, 8, 100}}));
  EXPECT_EQ(best, (Candidate{2, 8, 100}));
}

TEST(CandidateSearchTest, WhatIsServedNowStaysUnlessSomethingIsBetter) {
  Candidate best;
  Tried(
      {{1, 2}, {0}, {0}}, true, [](const Candidate&) { return 1.0; }, best);
  EXPECT_EQ(best, kStart);
}

TEST(CandidateTest, BecomesAConfigurationAndBack) {
  inference::ModelConfig config;
  config.set_max_batch_size(8);
  config.add_instance_group()->set_count(2);
  config.add_instance_group()->set_count(1);
  EXPECT_EQ(CandidateOf(config), (Candidate{3, 0, 0}));
  const inference::ModelConfig changed = Apply(config, {4, 16, 500});
  EXPECT_EQ(CandidateOf(changed), (Candidate{4, 16, 500}));
  EXPECT_EQ(changed.instance_group_size(), 1);
  const inference::ModelConfig back = Apply(changed, {1, 0, 0});
  EXPECT_FALSE(back.has_dynamic_batching());
  EXPECT_EQ(back.max_batch_size(), 16);
}

TEST(CandidateTest, WhatCannotBatchIsLeftSo) {
  inference::ModelConfig config;
  EXPECT_FALSE(CanBatch(config));
  EXPECT_FALSE(Apply(config, {2, 8, 100}).has_dynamic_batching());
  config.set_max_batch_size(8);
  EXPECT_TRUE(CanBatch(config));
  config.mutable_sequence_batching();
  EXPECT_FALSE(CanBatch(config));
}

}  // namespace
}  // namespace neso::perf
