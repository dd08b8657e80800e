#include "checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "checkpoint_writer.h"

namespace neso::fil {
namespace {

using testing::HasSubstr;

WrittenModel TwoLeaves() { return {.features = 3, .trees = {{Split(1, 0.5, 1, 2), Leaf(1), Leaf(2)}}}; }

std::string ErrorOf(const WrittenModel& model) {
  const std::vector<std::byte> bytes = Write(model);
  return std::string(ParseCheckpoint(bytes).status().message());
}

TEST(CheckpointTest, GivesTheFieldsOfAModel) {
  WrittenModel written = TwoLeaves();
  written.postprocessor = "sigmoid";
  written.sigmoid_alpha = 2;
  written.base_scores = {-1};
  const std::vector<std::byte> bytes = Write(written);
  const auto model = ParseCheckpoint(bytes);
  ASSERT_TRUE(model) << model.status().message();
  EXPECT_EQ(model->features, 3);
  EXPECT_EQ(model->classes, 1);
  EXPECT_EQ(model->postprocessor, "sigmoid");
  EXPECT_EQ(model->sigmoid_alpha, 2);
  EXPECT_EQ(model->base_scores, std::vector<double>{-1});
  ASSERT_EQ(model->trees.size(), 1);
  const CheckpointTree& tree = model->trees[0];
  EXPECT_EQ(tree.features[0], 1);
  EXPECT_EQ(tree.thresholds[0], 0.5);
  EXPECT_EQ(tree.leaf_values[2], 2);
  EXPECT_TRUE(tree.is_leaf(1));
  EXPECT_FALSE(tree.weights.empty());
  EXPECT_TRUE(tree.row_counts.empty());
}

TEST(CheckpointTest, ReadsDoublesAndModelsWithoutTrees) {
  WrittenModel written = TwoLeaves();
  written.is_double = true;
  written.trees[0][0].threshold = 0.1;
  const std::vector<std::byte> bytes = Write(written);
  const auto model = ParseCheckpoint(bytes);
  ASSERT_TRUE(model) << model.status().message();
  EXPECT_EQ(model->trees[0].thresholds[0], 0.1);
  EXPECT_EQ(ErrorOf({}), "");
}

TEST(CheckpointTest, RefusesEveryPartOfAFile) {
  const std::vector<std::byte> whole = Write(TwoLeaves());
  for (size_t size = 0; size < whole.size(); ++size) {
    const std::vector<std::byte> part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_FALSE(ParseCheckpoint(part)) << size;
  }
  std::vector<std::byte> longer = whole;
  longer.push_back(std::byte{0});
  EXPECT_THAT(std::string(ParseCheckpoint(longer).status().message()), HasSubstr("goes on after its last tree"));
}

TEST(CheckpointTest, RefusesTreesThatAreNone) {
  WrittenModel model = TwoLeaves();
  model.trees[0][0].right = 0;
  EXPECT_THAT(ErrorOf(model), HasSubstr("a node is the child of several, or of itself"));
  model.trees[0][0].right = 1;
  EXPECT_THAT(ErrorOf(model), HasSubstr("a node is the child of several, or of itself"));
  for (const int32_t child : {-1, 3, 1 << 30}) {
    model.trees[0][0].right = child;
    EXPECT_THAT(ErrorOf(model), HasSubstr("a node's child is not there")) << child;
  }
  model = TwoLeaves();
  for (const int32_t feature : {-1, 3}) {
    model.trees[0][0].feature = feature;
    EXPECT_THAT(ErrorOf(model), HasSubstr("of 3")) << feature;
  }
  model = TwoLeaves();
  model.trees[0][0].type = 7;
  EXPECT_THAT(ErrorOf(model), HasSubstr("a node is of no known type"));
  model = TwoLeaves();
  model.trees[0][0].comparison = 1;
  EXPECT_THAT(ErrorOf(model), HasSubstr("expected nodes that compare by <, <=, > or >=, got comparison 1"));
  model.trees[0].clear();
  EXPECT_THAT(ErrorOf(model), HasSubstr("an array does not have an element for each node"));
}

TEST(CheckpointTest, RefusesWhatCannotBeServed) {
  WrittenModel model = TwoLeaves();
  model.version = 3;
  EXPECT_EQ(ErrorOf(model), "expected a checkpoint of treelite 4, got one of version 3");
  model = TwoLeaves();
  model.targets = 2;
  EXPECT_EQ(ErrorOf(model), "Multi-target model not supported");
  model = TwoLeaves();
  model.features = 0;
  EXPECT_THAT(ErrorOf(model), HasSubstr("expected a model of 1 to 1073741824 features, got 0"));
  model = TwoLeaves();
  model.class_ids = {1};
  EXPECT_THAT(ErrorOf(model), HasSubstr("a tree is of a class that is not there"));
  model = TwoLeaves();
  model.classes = 3;
  EXPECT_THAT(ErrorOf(model), HasSubstr("it does not have a base score for each class"));
}

TEST(CheckpointTest, RefusesLeavesWithoutAValueForEachClass) {
  WrittenModel model{.classes = 2, .has_vectors = true, .base_scores = {0, 0}, .trees = {{VectorLeaf({1, 2})}}};
  EXPECT_EQ(ErrorOf(model), "");
  model.trees[0][0].vector = {1};
  EXPECT_THAT(ErrorOf(model), HasSubstr("a leaf has no value for each class"));
}

}  // namespace
}  // namespace neso::fil
