#include "core/response.h"

#include <gtest/gtest.h>

#include "core/api_error.h"
#include "core/test_support.h"

namespace neso {
namespace {

using test::HoldingScheduler;
using test::Requester;

class ResponseTest : public ::testing::Test {
 protected:
  ResponseTest()
      : model_(test::MakeModel(R"(name: "m" max_batch_size: 4
          output { name: "o" data_type: TYPE_INT8 dims: [ 2, -1 ] reshape { shape: [ 1, -1, 2 ] } }
          output { name: "p" data_type: TYPE_INT8 dims: 1 })",
                               {{"p", {"cat", "dog"}}})) {
    auto scheduler = std::make_unique<HoldingScheduler>();
    HoldingScheduler* const held = scheduler.get();
    model_->SetScheduler(std::move(scheduler));
    std::unique_ptr<InferenceRequest> request = requester_.Make(model_, "r");
    EXPECT_TRUE(InferenceRequest::Submit(request).ok());
    request_ = held->Take();
    factory_ = request_->shared_response_factory();
    response_ = factory_->CreateResponse(factory_);
  }
  ~ResponseTest() override {
    response_.reset();
    InferenceRequest::Release(std::move(request_), TRITONSERVER_REQUEST_RELEASE_ALL);
  }
  static Status Allocate(Output& output, size_t bytes) {
    void* buffer = nullptr;
    MemoryType type;
    int64_t id;
    return output.AllocateBuffer(&buffer, bytes, MemoryType::kGpu, 3, &type, &id);
  }

  Requester requester_;
  ModelHandle model_;
  std::unique_ptr<InferenceRequest> request_;
  std::shared_ptr<ResponseFactory> factory_;
  std::unique_ptr<InferenceResponse> response_;
};

TEST_F(ResponseTest, ShowsRequestersTheConfiguredShape) {
  Expected<Output*> output = response_->AddOutput("o", DataType::kInt8, Shape{3, 1, 5, 2});
  ASSERT_TRUE(output.ok());
  EXPECT_EQ((*output)->shape(), (Shape{3, 2, 5}));
}

TEST_F(ResponseTest, RefusesAShapeThatItsReshapeDoesNotFit) {
  EXPECT_EQ(
      response_->AddOutput("o", DataType::kInt8, Shape{3, 2, 5, 2}).error().message(),
      "output 'o': expected a shape that its reshape [1,-1,2] fits, got [3,2,5,2], which would be sent as [3,2,5]");
  EXPECT_FALSE(response_->AddOutput("o", DataType::kInt8, Shape{3}).ok());
  EXPECT_TRUE(response_->outputs().empty());
  EXPECT_EQ((*response_->AddOutput("o", DataType::kInt8, Shape{1, 1, 0, 2}))->shape(), (Shape{1, 2, 0}));
}

TEST_F(ResponseTest, KeepsOutputsWhereTheyAre) {
  Output* const first = *response_->AddOutput("o", DataType::kInt8, Shape{1, 1, 1, 2});
  ASSERT_TRUE(response_->AddOutput("p", DataType::kInt8, Shape{1, 1}).ok());
  EXPECT_EQ(first, &response_->outputs()[0]);
  EXPECT_EQ(first->name(), "o");
}

TEST_F(ResponseTest, RefusesOutputsTwiceOrUnknown) {
  ASSERT_TRUE(response_->AddOutput("p", DataType::kInt8, Shape{1, 1}).ok());
  EXPECT_EQ(response_->AddOutput("p", DataType::kInt8, Shape{1, 1}).error().code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(response_->AddOutput("q", DataType::kInt8, Shape{1, 1}).error().message(),
            "unexpected inference output 'q' for model 'm'");
}

TEST_F(ResponseTest, AllocatesOnceAndSaysWhere) {
  Output* const output = *response_->AddOutput("p", DataType::kInt8, Shape{1, 1});
  ASSERT_TRUE(Allocate(*output, 10).ok());
  EXPECT_EQ(output->attributes().byte_size, 10u);
  EXPECT_EQ(output->attributes().memory_type, MemoryType::kCpu);
  EXPECT_EQ(output->attributes().memory_type_id, 0);
  EXPECT_EQ(Allocate(*output, 10).code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(requester_.live_buffers(), 1);
  response_.reset();
  EXPECT_EQ(requester_.live_buffers(), 0);
}

TEST_F(ResponseTest, DropsOutputsWhenItFails) {
  ASSERT_TRUE(Allocate(**response_->AddOutput("p", DataType::kInt8, Shape{1, 1}), 10).ok());
  InferenceResponse::Send(std::move(response_), TRITONSERVER_RESPONSE_COMPLETE_FINAL, Internal("broken"));
  EXPECT_EQ(requester_.live_buffers(), 0);
  EXPECT_EQ(requester_.answers().at(0).status.message(), "broken");
}

TEST_F(ResponseTest, FindsLabels) {
  Output* const output = *response_->AddOutput("p", DataType::kInt8, Shape{1, 1});
  EXPECT_STREQ(response_->ClassificationLabel(*output, 1), "dog");
  EXPECT_EQ(response_->ClassificationLabel(*output, 2), nullptr);
}

TEST_F(ResponseTest, NamesTheModelThatAnswered) {
  EXPECT_EQ(response_->id(), "r");
  EXPECT_EQ(response_->model_name(), "m");
  EXPECT_EQ(response_->model_version(), 1);
}

}  // namespace
}  // namespace neso
