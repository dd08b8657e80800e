#include "shap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "checkpoint_writer.h"

namespace neso::fil {
namespace {

using testing::ElementsAre;
using testing::FloatNear;

std::unique_ptr<const Forest> ForestOf(const WrittenModel& model) {
  const std::vector<std::byte> bytes = Write(model);
  auto forest = MakeForest(*ParseCheckpoint(bytes));
  EXPECT_TRUE(forest) << forest.status().message();
  return std::move(*forest);
}

std::vector<float> Explain(const WrittenModel& model, const std::vector<float>& row) {
  const auto forest = ForestOf(model);
  EXPECT_TRUE(CheckShap(*forest).ok());
  std::vector<float> values(forest->trees().classes * (forest->trees().features + 1));
  WriteShap(*forest, row.data(), values.data());
  return values;
}

TEST(ShapTest, GivesAFeatureTheDifferenceToWhatIsExpected) {
  const WrittenModel model{
      .features = 2, .base_scores = {10}, .trees = {{Split(1, 0.5, 1, 2, 4), Leaf(1, 3), Leaf(5, 1)}}};
  // 3 of 4 rows have 1, the other one 5: 2 is expected.
  EXPECT_THAT(Explain(model, {0, 0}), ElementsAre(0, -1, 12));
  EXPECT_THAT(Explain(model, {0, 1}), ElementsAre(0, 3, 12));
}

TEST(ShapTest, SharesWhatTwoFeaturesDoTogether) {
  // 1 where both are above 0.5, a quarter of the rows.
  const WrittenModel model{
      .features = 2, .trees = {{Split(0, 0.5, 1, 2, 4), Leaf(0, 2), Split(1, 0.5, 3, 4, 2), Leaf(0, 1), Leaf(1, 1)}}};
  EXPECT_THAT(Explain(model, {1, 1}), ElementsAre(0.375, 0.375, 0.25));
  EXPECT_THAT(Explain(model, {0, 0}), ElementsAre(-0.125, -0.125, 0.25));
  EXPECT_THAT(Explain(model, {1, 0}), ElementsAre(0.125, -0.375, 0.25));
}

TEST(ShapTest, CountsAFeatureOnceThatIsAskedTwice) {
  const WrittenModel model{.trees = {{Split(0, 2, 1, 2, 4), Split(0, 1, 3, 4, 3), Leaf(8, 1), Leaf(1, 1), Leaf(2, 2)}}};
  EXPECT_THAT(Explain(model, {0}), ElementsAre(FloatNear(1 - 3.25F, 1e-6F), 3.25));
  EXPECT_THAT(Explain(model, {5}), ElementsAre(FloatNear(8 - 3.25F, 1e-6F), 3.25));
}

TEST(ShapTest, ExplainsEachClass) {
  WrittenModel model{.average = true,
                     .classes = 2,
                     .has_vectors = true,
                     .base_scores = {0, 0},
                     .trees = {{Split(0, 1, 1, 2, 2), VectorLeaf({1, 0}), VectorLeaf({0, 1})}, {VectorLeaf({1, 3})}}};
  EXPECT_THAT(Explain(model, {0}), ElementsAre(0.25, 0.75, -0.25, 1.75));
}

TEST(ShapTest, RefusesWhatItCannotExplain) {
  const auto refusal = [](const WrittenModel& model) { return std::string(CheckShap(*ForestOf(model)).message()); };
  EXPECT_EQ(refusal({.trees = {{Leaf(1)}}, .has_weights = false}), "Model does not have node statistics.");
  WrittenModel deep{.trees = {{}}};
  for (int32_t i = 0; i < 33; ++i) {
    deep.trees[0].push_back(Split(0, i, (i * 2) + 1, (i * 2) + 2));
    deep.trees[0].push_back(Leaf(1));
  }
  deep.trees[0].push_back(Leaf(1));
  EXPECT_EQ(refusal(deep), "Tree depths above 32 not supported. Shap cannot be considered accurate at this depth.");
}

}  // namespace
}  // namespace neso::fil
