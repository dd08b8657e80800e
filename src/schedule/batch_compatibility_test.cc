#include "schedule/batch_compatibility.h"

#include <gtest/gtest.h>

#include "core/test_support.h"

namespace neso {
namespace {

struct Given {
  const char* name;
  Shape shape;
  std::string data = {};
};

class BatchCompatibilityTest : public ::testing::Test {
 protected:
  bool CanShare(const std::string& inputs, const std::vector<Given>& a, const std::vector<Given>& b) {
    model_ = test::MakeModel(R"(name: "m" max_batch_size: 8 )" + inputs);
    auto scheduler = std::make_unique<test::HoldingScheduler>();
    auto* const held = scheduler.get();
    model_->SetScheduler(std::move(scheduler));
    for (const auto* given : {&a, &b}) {
      auto request = requester_.Make(model_);
      for (const Given& input : *given) {
        EXPECT_TRUE(request->AddInput(input.name, DataType::kInt8, input.shape).ok());
        BufferAttributes attributes;
        attributes.byte_size = static_cast<size_t>(ElementCount(input.shape));
        const char* const data = input.data.empty() ? zeros_ : input.data.data();
        EXPECT_TRUE(request->AppendInputData(input.name, data, attributes).ok());
      }
      const Status status = InferenceRequest::Submit(request);
      EXPECT_TRUE(status.ok()) << status.message();
    }
    const auto first = held->Take(), second = held->Take();
    return BatchCompatibility(*model_).CanShare(*first, *second);
  }
  static bool IsNeeded(const std::string& inputs) {
    return BatchCompatibility(*test::MakeModel(R"(name: "m" max_batch_size: 8 )" + inputs)).is_needed();
  }
  const char zeros_[64] = {};
  test::Requester requester_;
  ModelHandle model_;
};

const std::string kVariable = "input { name: 'a' data_type: TYPE_INT8 dims: -1 }";
const std::string kRagged = "input { name: 'a' data_type: TYPE_INT8 dims: -1 allow_ragged_batch: true }";
const std::string kShapeTensor = kRagged + "input { name: 's' data_type: TYPE_INT8 dims: 2 is_shape_tensor: true }";
const std::string kOptional =
    "input { name: 'a' data_type: TYPE_INT8 dims: 1 optional: true }"
    "input { name: 'b' data_type: TYPE_INT8 dims: 1 optional: true }";

TEST_F(BatchCompatibilityTest, IsNotNeededForFixedShapes) {
  EXPECT_FALSE(IsNeeded("input { name: 'a' data_type: TYPE_INT8 dims: 4 }"));
  EXPECT_FALSE(IsNeeded(kRagged));
  EXPECT_TRUE(IsNeeded(kVariable));
  EXPECT_TRUE(IsNeeded(kOptional));
}

TEST_F(BatchCompatibilityTest, ComparesVariableShapesWithoutTheBatchDimension) {
  EXPECT_TRUE(CanShare(kVariable, {{"a", {1, 4}}}, {{"a", {2, 4}}}));
  EXPECT_FALSE(CanShare(kVariable, {{"a", {1, 4}}}, {{"a", {1, 5}}}));
}

TEST_F(BatchCompatibilityTest, LetsRaggedInputsDiffer) {
  EXPECT_TRUE(CanShare(kRagged, {{"a", {1, 4}}}, {{"a", {1, 5}}}));
}

TEST_F(BatchCompatibilityTest, ComparesTheContentsOfShapeTensors) {
  const std::string one_two = "\1\2", one_three = "\1\3";
  EXPECT_TRUE(CanShare(kShapeTensor, {{"a", {1, 4}}, {"s", {2}, one_two}}, {{"a", {1, 4}}, {"s", {2}, one_two}}));
  EXPECT_FALSE(CanShare(kShapeTensor, {{"a", {1, 4}}, {"s", {2}, one_two}}, {{"a", {1, 4}}, {"s", {2}, one_three}}));
}

TEST_F(BatchCompatibilityTest, KeepsDifferentSetsOfOptionalInputsApart) {
  EXPECT_TRUE(CanShare(kOptional, {{"a", {1, 1}}}, {{"a", {1, 1}}}));
  EXPECT_FALSE(CanShare(kOptional, {{"a", {1, 1}}}, {{"b", {1, 1}}}));
  EXPECT_FALSE(CanShare(kOptional, {{"a", {1, 1}}}, {{"a", {1, 1}}, {"b", {1, 1}}}));
}

}  // namespace
}  // namespace neso
