#include "schedule/strategy_batch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schedule/test_support.h"

namespace neso {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class StrategyBatchTest : public ::testing::Test {
 protected:
  // As a queue shows them: numbered as they came.
  std::vector<RequestQueue::Entry> Front(std::initializer_list<std::pair<const char*, uint64_t>> requests) {
    std::vector<RequestQueue::Entry> front;
    for (const auto& [id, number] : requests) {
      requests_.push_back(requester_.Make(model_, id));
      front.push_back({.request = requests_.back().get(), .number = number});
    }
    return front;
  }

  ModelHandle model_ = test::MakeModel(R"(name: "m" )");
  test::Requester requester_;
  std::vector<std::unique_ptr<InferenceRequest>> requests_;
  test::ScriptedStrategy strategy_{"b"};
  StrategyBatch next_{strategy_};
};

TEST_F(StrategyBatchTest, AsksOnceAboutEachRequestHoweverOftenTheBatchIsLookedAt) {
  const auto two = Front({{"a", 1}, {"c", 2}});
  next_.Follow(two);
  EXPECT_TRUE(next_.Includes(1));
  const auto four = Front({{"a", 1}, {"c", 2}, {"b", 3}, {"d", 4}});
  for (int i = 0; i < 3; ++i) {
    next_.Follow(four);
    EXPECT_TRUE(next_.Includes(1));
    EXPECT_FALSE(next_.Includes(2));
    EXPECT_FALSE(next_.Includes(3));
  }
  EXPECT_THAT(strategy_.batches(), IsEmpty());
  next_.End();
  EXPECT_THAT(strategy_.batches(), ElementsAre("ac!b"));
}

TEST_F(StrategyBatchTest, AsksAboutTheFirstAtOnce) {
  const auto front = Front({{"a", 1}});
  next_.Follow(front);
  next_.End();
  EXPECT_THAT(strategy_.batches(), ElementsAre("a"));
}

TEST_F(StrategyBatchTest, BeginsAnewWhenTheQueueDoesNotGoOnAsItDid) {
  const auto front = Front({{"a", 1}, {"b", 2}});
  next_.Follow(front);
  EXPECT_FALSE(next_.Includes(1));
  // One overtakes; then the others are gone.
  const auto overtaken = Front({{"h", 3}, {"a", 1}, {"b", 2}});
  next_.Follow(overtaken);
  EXPECT_TRUE(next_.Includes(1));
  EXPECT_THAT(strategy_.batches(), ElementsAre("a!b"));
  const auto left = Front({{"h", 3}});
  next_.Follow(left);
  EXPECT_THAT(strategy_.batches(), ElementsAre("a!b", "ha"));
}

TEST_F(StrategyBatchTest, HasTheFirstRequestAloneIfTheStrategyWantsNoneOfThem) {
  struct Unwilling final : BatchStrategy {
    struct Closed final : Batch {
      bool Include(InferenceRequest&) override { return false; }
    };
    std::unique_ptr<Batch> Begin() override { return std::make_unique<Closed>(); }
  } unwilling;
  StrategyBatch next(unwilling);
  const auto front = Front({{"a", 1}, {"c", 2}});
  next.Follow(front);
  EXPECT_TRUE(next.Includes(0));
  EXPECT_FALSE(next.Includes(1));
}

}  // namespace
}  // namespace neso
