#include "forest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "checkpoint_writer.h"
#include "trees.h"

namespace neso::fil {
namespace {

using testing::ElementsAre;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
const float kMissing = std::nanf("");

std::unique_ptr<const Forest> ForestOf(const WrittenModel& model) {
  const std::vector<std::byte> bytes = Write(model);
  const auto checkpoint = ParseCheckpoint(bytes);
  EXPECT_TRUE(checkpoint) << checkpoint.status().message();
  auto forest = MakeForest(*checkpoint);
  EXPECT_TRUE(forest) << forest.status().message();
  return std::move(*forest);
}

std::vector<float> Predict(const WrittenModel& model, const std::vector<float>& rows) {
  const auto forest = ForestOf(model);
  const size_t count = rows.size() / forest->trees().features;
  std::vector<float> scores(count * forest->trees().classes);
  forest->Predict(rows.data(), count, scores.data());
  return scores;
}

WrittenModel OneSplit(int8_t comparison, double threshold, bool default_left, bool is_double = true) {
  WrittenNode split = Split(0, threshold, 1, 2);
  split.comparison = comparison;
  split.default_left = default_left;
  return {.is_double = is_double, .trees = {{split, Leaf(1), Leaf(2)}}};
}

TEST(ForestTest, ComparesAsTheModelSays) {
  EXPECT_THAT(Predict(OneSplit(2, 0.5, true), {0.4F, 0.5F, 0.6F, kMissing}), ElementsAre(1, 2, 2, 1));
  EXPECT_THAT(Predict(OneSplit(3, 0.5, false), {0.4F, 0.5F, 0.6F, kMissing}), ElementsAre(1, 1, 2, 2));
  EXPECT_THAT(Predict(OneSplit(4, 0.5, true), {0.4F, 0.5F, 0.6F, kMissing}), ElementsAre(2, 2, 1, 1));
  EXPECT_THAT(Predict(OneSplit(5, 0.5, false), {0.4F, 0.5F, 0.6F, kMissing}), ElementsAre(2, 1, 1, 2));
}

TEST(ForestTest, SeparatesFloatsByDoublesAsDoublesDo) {
  std::mt19937 random(7);
  for (int i = 0; i < 20'000; ++i) {
    const auto value = static_cast<float>(std::ldexp(random() / 1e9 - 2, static_cast<int>(random() % 80) - 40));
    // Next to the value, or on it.
    double threshold = value;
    for (uint32_t steps = random() % 3; steps > 0; --steps) {
      threshold = std::nextafter(threshold, random() % 2 == 0 ? 1e300 : -1e300);
    }
    EXPECT_EQ(value < ThresholdBelow(threshold), static_cast<double>(value) < threshold);
    EXPECT_EQ(!(value >= ThresholdAtMost(threshold)), static_cast<double>(value) <= threshold);
  }
}

TEST(ForestTest, ComparesWithWhatNoFloatIs) {
  const double huge = 1e300;
  const double infinite = std::numeric_limits<double>::infinity();
  const std::vector<float> values = {-kInfinity, -1, 3e38F, kInfinity};
  EXPECT_THAT(Predict(OneSplit(2, huge, false), values), ElementsAre(1, 1, 1, 2));
  EXPECT_THAT(Predict(OneSplit(3, huge, false), values), ElementsAre(1, 1, 1, 2));
  EXPECT_THAT(Predict(OneSplit(2, infinite, false), values), ElementsAre(1, 1, 1, 2));
  EXPECT_THAT(Predict(OneSplit(3, infinite, false), values), ElementsAre(1, 1, 1, 1));
  EXPECT_THAT(Predict(OneSplit(3, -huge, false), values), ElementsAre(1, 2, 2, 2));
  EXPECT_THAT(Predict(OneSplit(2, -infinite, false), values), ElementsAre(2, 2, 2, 2));
  EXPECT_THAT(Predict(OneSplit(3, std::nan(""), false), values), ElementsAre(2, 2, 2, 2));
}

TEST(ForestTest, SendsCategoriesToTheirSide) {
  const std::vector<float> values = {0, 1, 2.7F, 31, 40, 16777216, -1, kInfinity, kMissing};
  WrittenModel model{.trees = {{CategoricalSplit(0, {1, 2, 40}, 1, 2), Leaf(1), Leaf(2)}}};
  EXPECT_THAT(Predict(model, values), ElementsAre(2, 1, 1, 2, 1, 2, 2, 2, 2));
  model.trees[0][0].categories_go_right = true;
  model.trees[0][0].default_left = true;
  EXPECT_THAT(Predict(model, values), ElementsAre(1, 2, 2, 1, 2, 1, 1, 1, 1));
}

TEST(ForestTest, TakesRoomForLargeCategoriesByTheirNumber) {
  WrittenModel model{.trees = {{CategoricalSplit(0, {16777216, 3, 4000000000}, 1, 2), Leaf(1), Leaf(2)}}};
  EXPECT_THAT(Predict(model, {3, 16777216, 4, 4e9F}), ElementsAre(1, 1, 2, 2));
  EXPECT_LT(ForestOf(model)->trees().categories.size(), 10);
  model.trees[0][0].categories = {};
  EXPECT_THAT(Predict(model, {0, 3}), ElementsAre(2, 2));
}

TEST(ForestTest, SumsTreesByClassAndAddsTheBaseScore) {
  const WrittenModel model{
      .classes = 2, .class_ids = {0, 1, 0}, .base_scores = {10, 20}, .trees = {{Leaf(1)}, {Leaf(2)}, {Leaf(4)}}};
  EXPECT_THAT(Predict(model, {0, 0}), ElementsAre(15, 22, 15, 22));
}

TEST(ForestTest, AveragesVectors) {
  WrittenModel model{.is_double = true,
                     .average = true,
                     .classes = 2,
                     .has_vectors = true,
                     .base_scores = {0, 1},
                     .trees = {{VectorLeaf({1, 2})}, {Split(0, 0, 1, 2), VectorLeaf({3, 4}), VectorLeaf({5, 8})}}};
  EXPECT_THAT(Predict(model, {-1, 1}), ElementsAre(2, 4, 3, 6));
}

TEST(ForestTest, AppliesThePostprocessor) {
  WrittenModel model{.base_scores = {2}};
  const auto predict = [&](const char* name) {
    model.postprocessor = name;
    return Predict(model, {0})[0];
  };
  EXPECT_FLOAT_EQ(predict("identity"), 2);
  EXPECT_FLOAT_EQ(predict("signed_square"), 4);
  EXPECT_FLOAT_EQ(predict("hinge"), 1);
  EXPECT_FLOAT_EQ(predict("sigmoid"), 1 / (1 + std::exp(-2.0F)));
  EXPECT_FLOAT_EQ(predict("exponential"), std::exp(2.0F));
  EXPECT_FLOAT_EQ(predict("exponential_standard_ratio"), 0.25);
  EXPECT_FLOAT_EQ(predict("logarithm_one_plus_exp"), std::log1p(std::exp(2.0F)));
  model = {.classes = 2, .postprocessor = "softmax", .base_scores = {1000, 1000}};
  EXPECT_THAT(Predict(model, {0}), ElementsAre(0.5, 0.5));
  const std::vector<std::byte> bytes = Write({.postprocessor = "other"});
  EXPECT_EQ(MakeForest(*ParseCheckpoint(bytes)).status().message(), "the model's postprocessor 'other' is not known");
}

// Random trees that lean to one side, so that their leaves are at all depths; walked step by step to compare.
std::vector<WrittenNode> RandomTree(std::mt19937& random, int32_t features, size_t splits) {
  std::vector<WrittenNode> tree = {Leaf(static_cast<double>(random() % 100))};
  for (size_t i = 0; i < splits; ++i) {
    size_t at = random() % 2 == 0 ? tree.size() - 1 : random() % tree.size();
    while (tree[at].type != 0) ++at;
    const auto first = static_cast<int32_t>(tree.size());
    tree[at] = Split(static_cast<int32_t>(random() % static_cast<uint32_t>(features)),
                     static_cast<double>(random() % 10), first + 1, first);
    tree[at].default_left = random() % 2 == 0;
    for (int child = 0; child < 2; ++child) tree.push_back(Leaf(static_cast<double>(random() % 100)));
  }
  return tree;
}

double ValueIn(const std::vector<WrittenNode>& tree, const float* row) {
  size_t at = 0;
  while (tree[at].type != 0) {
    const float value = row[tree[at].feature];
    const bool left = std::isnan(value) ? tree[at].default_left : value < tree[at].threshold;
    at = static_cast<size_t>(left ? tree[at].left : tree[at].right);
  }
  return tree[at].value;
}

TEST(ForestTest, FindsTheLeavesOfAnyNumberOfRowsAndTrees) {
  std::mt19937 random(3);
  constexpr int32_t kFeatures = 5;
  for (const size_t splits : {0U, 1U, 6U, 40U, 200U}) {
    for (const size_t tree_count : {1U, 7U, 8U, 19U}) {
      WrittenModel model{.is_double = splits % 2 == 0, .features = kFeatures};
      for (size_t i = 0; i < tree_count; ++i) model.trees.push_back(RandomTree(random, kFeatures, splits));
      for (const size_t count : {1U, 7U, 8U, 13U, 150U}) {
        std::vector<float> rows(count * kFeatures);
        for (float& value : rows) value = random() % 8 == 0 ? kMissing : static_cast<float>(random() % 11);
        const std::vector<float> scores = Predict(model, rows);
        for (size_t row = 0; row < count; ++row) {
          double sum = 0;
          for (const auto& tree : model.trees) sum += ValueIn(tree, &rows[row * kFeatures]);
          EXPECT_EQ(scores[row], sum) << splits << " splits, " << tree_count << " trees, row " << row << " of "
                                      << count;
        }
      }
    }
  }
}

}  // namespace
}  // namespace neso::fil
