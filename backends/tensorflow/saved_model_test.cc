#include "saved_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test_messages.h"

namespace neso::tensorflow {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A tensor of FP32; `shape`: nothing for one without a rank.
MessageWriter Tensor(std::string_view name, const std::optional<std::vector<int64_t>>& shape) {
  MessageWriter dims;
  for (const int64_t size : shape.value_or(std::vector<int64_t>())) {
    MessageWriter dim;
    dim.Add(1, static_cast<uint64_t>(size));
    dims.Add(2, dim);
  }
  if (!shape) dims.Add(3, uint64_t{1});
  MessageWriter tensor = Text(1, name);
  tensor.Add(2, uint64_t{1}).Add(3, dims);
  return tensor;
}

std::string Model(std::string_view tag, const std::vector<std::string>& signatures) {
  MessageWriter graph;
  graph.Add(1, Text(4, tag));
  for (const std::string& name : signatures) {
    MessageWriter signature;
    signature.Add(1, Entry("x", Tensor("in:0", std::vector<int64_t>{-1, 4})))
        .Add(1, Entry("a", Tensor("other:1", std::nullopt)))
        .Add(2, Entry("y", Tensor("out:0", std::vector<int64_t>{})));
    graph.Add(5, Entry(name, signature));
  }
  MessageWriter model;
  model.Add(1, uint64_t{1}).Add(2, graph);
  return model.bytes();
}

TEST(SavedModelTest, SignaturesHaveTensorsWithNamesTypesAndShapes) {
  const backend::Result<SavedModel> model = SavedModel::Parse(Model("serve", {"serving_default"}));
  ASSERT_TRUE(model);
  const backend::Result<const MetaGraph*> graph = model->FindGraph("serve");
  ASSERT_TRUE(graph);
  const backend::Result<const Signature*> signature = FindSignature(**graph, std::nullopt);
  ASSERT_TRUE(signature);
  ASSERT_EQ((*signature)->inputs.size(), 2);
  const TensorInfo* const x = (*signature)->FindInput("x");
  ASSERT_NE(x, nullptr);
  EXPECT_EQ(x->tensor, "in:0");
  EXPECT_EQ(x->type, 1);
  EXPECT_THAT(x->shape, ElementsAre(-1, 4));
  EXPECT_TRUE(x->HasBatchDimension());
  EXPECT_FALSE((*signature)->FindInput("a")->has_rank);
  const TensorInfo* const y = (*signature)->FindOutput("y");
  ASSERT_NE(y, nullptr);
  EXPECT_TRUE(y->has_rank);
  EXPECT_THAT(y->shape, IsEmpty());
}

struct SignatureCase {
  std::vector<std::string> present;
  std::optional<std::string> wanted;
  std::string found;  // or the text of the error
};

TEST(SavedModelTest, TheSignatureIsTheNamedOneOrTheDefaultOrTheFirstOfTheModelsOwn) {
  const SignatureCase cases[] = {
      {{"serving_default", "a"}, std::nullopt, "serving_default"},
      {{"__saved_model_init_op", "b", "c"}, std::nullopt, "b"},
      {{"serving_default", "a"}, "a", "a"},
      {{"a"}, "b", "expected 'b' signature, the SavedModel has 'a'"},
      {{"__saved_model_init_op", "__saved_model_train_op"},
       std::nullopt,
       "expected 'serving_default' signature, the SavedModel has none"},
  };
  for (const SignatureCase& c : cases) {
    const backend::Result<SavedModel> model = SavedModel::Parse(Model("serve", c.present));
    ASSERT_TRUE(model);
    const backend::Result<const Signature*> found = FindSignature(model->graphs[0], c.wanted);
    EXPECT_EQ(found ? (*found)->name : std::string(found.status().message()), c.found);
  }
}

TEST(SavedModelTest, AGraphIsFoundByItsTag) {
  const backend::Result<SavedModel> model = SavedModel::Parse(Model("gpu", {"a"}));
  ASSERT_TRUE(model);
  EXPECT_TRUE(model->FindGraph("gpu"));
  const backend::Result<const MetaGraph*> other = model->FindGraph("serve");
  ASSERT_FALSE(other);
  EXPECT_THAT(std::string(other.status().message()),
              HasSubstr("tag 'serve' (parameter TF_GRAPH_TAG), the SavedModel has 'gpu'"));
}

TEST(SavedModelTest, OtherFilesAndPartsOfOneAreRefused) {
  const std::string whole = Model("serve", {"serving_default"});
  EXPECT_FALSE(SavedModel::Parse(""));
  EXPECT_FALSE(SavedModel::Parse("import tensorflow as tf\n"));
  for (size_t size = 0; size < whole.size(); ++size) {
    (void)SavedModel::Parse(std::string_view(whole).substr(0, size));  // whatever it says
  }
  EXPECT_FALSE(SavedModel::Parse(std::string_view(whole).substr(0, whole.size() - 1)));
}

TEST(SavedModelTest, SizesBelowMinusOneAreRefused) {
  MessageWriter signature;
  signature.Add(1, Entry("x", Tensor("in:0", std::vector<int64_t>{-2})));
  MessageWriter graph;
  graph.Add(5, Entry("a", signature));
  MessageWriter model;
  model.Add(2, graph);
  EXPECT_FALSE(SavedModel::Parse(model.bytes()));
}

}  // namespace
}  // namespace neso::tensorflow
