#include "frontend/http/infer_request.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <memory>

#include "core/model.h"

namespace neso {
namespace {

class FillInferRequestTest : public ::testing::Test {
 protected:
  FillInferRequestTest() {
    inference::ModelConfig config;
    config.set_name("m");
    config.set_max_batch_size(8);
    auto* input = config.add_input();
    input->set_name("INPUT0");
    input->set_data_type(inference::TYPE_FP32);
    input->add_dims(-1);
    auto* output = config.add_output();
    output->set_name("OUTPUT0");
    output->set_data_type(inference::TYPE_FP32);
    output->add_dims(-1);
    model_ = std::make_shared<Model>(config, 1, std::map<std::string, std::vector<std::string>>());
    request_ = InferenceRequest::Create(model_, -1);
  }

  Status Fill(std::string_view text, std::optional<size_t> header_length = {}) {
    body_ = text;
    ASSIGN_OR_RETURN(outputs_, FillInferRequest(*model_, {.bytes = body_, .header_length = header_length}, 1 << 16,
                                                *request_, tensors_));
    return {};
  }

  ModelHandle model_;
  std::unique_ptr<InferenceRequest> request_;
  std::string body_;
  RequestedOutputs outputs_;
  SharedMemoryManager regions_{{}};
  RequestTensors tensors_{regions_};
};

TEST_F(FillInferRequestTest, BinaryTensorsAreViewsIntoTheBody) {
  const std::string head =
      R"({"inputs":[{"name":"INPUT0","datatype":"FP32","shape":[1,2],"parameters":{"binary_data_size":8}}]})";
  ASSERT_TRUE(Fill(head + "12345678", head.size()).ok());
  const Input* input = request_->FindInput("INPUT0");
  ASSERT_NE(input, nullptr);
  ASSERT_EQ(input->buffers().size(), 1u);
  EXPECT_EQ(input->buffers()[0].base, body_.data() + head.size());
  EXPECT_EQ(input->byte_size(), 8u);
  EXPECT_TRUE(tensors_.converted.empty());
}

TEST_F(FillInferRequestTest, JsonTensorsAreConvertedOnce) {
  ASSERT_TRUE(Fill(R"({"id":"7","inputs":[{"name":"INPUT0","datatype":"FP32","shape":[1,2],"data":[[1.5,2]]}]})").ok());
  EXPECT_EQ(request_->id(), "7");
  const InputBuffer& buffer = request_->FindInput("INPUT0")->buffers()[0];
  float values[2];
  ASSERT_EQ(buffer.attributes.byte_size, sizeof(values));
  std::memcpy(values, buffer.base, sizeof(values));
  EXPECT_EQ(values[0], 1.5f);
  EXPECT_EQ(values[1], 2.0f);
}

TEST_F(FillInferRequestTest, NumbersOfUnusualFormAreReadToo) {
  ASSERT_TRUE(
      Fill(R"({"inputs":[{"name":"INPUT0","datatype":"FP32","shape":[1,3],"data":[[1e100],[NaN,-Inf]]}]})").ok());
  const InputBuffer& buffer = request_->FindInput("INPUT0")->buffers()[0];
  float values[3];
  ASSERT_EQ(buffer.attributes.byte_size, sizeof(values));
  std::memcpy(values, buffer.base, sizeof(values));
  EXPECT_EQ(values[0], std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::isnan(values[1]));
  EXPECT_EQ(values[2], -std::numeric_limits<float>::infinity());
}

// In an array that is read, in one that is not, and before every other error.
TEST_F(FillInferRequestTest, ErrorsOfSyntaxInTensorsNameTheOffset) {
  const std::string input = R"({"inputs":[{"name":"INPUT0","datatype":"FP32",)";
  const std::string text = "failed to parse the request JSON buffer: Invalid value. at ";
  EXPECT_EQ(Fill(input + R"("shape":[1,1],"data":[1,]}]})").message(), text + "70");
  EXPECT_EQ(Fill(input + R"("shape":[1,0],"data":[1,]}]})").message(), text + "70");
  EXPECT_EQ(Fill(input + R"("shape":["a"],"data":[1,]}]})").message(), text + "70");
  EXPECT_EQ(Fill(input + R"("shape":[1,1],"data":[1],"x":{"data":[1,]}}]})").message(), text + "86");
}

TEST_F(FillInferRequestTest, ParametersWithAMeaningAreTakenAndOthersPassedOn) {
  ASSERT_TRUE(
      Fill(
          R"({"parameters":{"sequence_id":"s","sequence_start":true,"priority":3,"timeout":9,"binary_data_output":true,)"
          R"("mine":1,"huge":9223372036854775808},"inputs":[]})")
          .ok());
  EXPECT_EQ(request_->correlation_id(), CorrelationId(std::string("s")));
  EXPECT_EQ(request_->flags(), static_cast<uint32_t>(TRITONSERVER_REQUEST_FLAG_SEQUENCE_START));
  EXPECT_EQ(request_->priority(), 3u);
  EXPECT_EQ(request_->timeout_us(), 9u);
  EXPECT_TRUE(outputs_.IsBinary("OUTPUT0"));
  ASSERT_EQ(request_->parameters().size(), 2u);
  EXPECT_EQ(std::get<int64_t>(request_->parameters()[0].value), 1);
  EXPECT_EQ(std::get<double>(request_->parameters()[1].value), 9223372036854775808.0);
}

TEST_F(FillInferRequestTest, OutputsAreJsonUnlessTheySayBinary) {
  ASSERT_TRUE(Fill(R"({"inputs":[],"parameters":{"binary_data_output":true},"outputs":[{"name":"OUTPUT0"},)"
                   R"({"name":"B","parameters":{"binary_data":true}},{"name":"C","parameters":{"classification":2}}]})")
                  .ok());
  EXPECT_FALSE(outputs_.IsBinary("OUTPUT0"));
  EXPECT_TRUE(outputs_.IsBinary("B"));
  EXPECT_EQ(outputs_.Find("C")->classification, 2u);
}

TEST_F(FillInferRequestTest, AHeadThatComesAgainSaysTheSame) {
  const std::string head =
      R"({"id":"7","inputs":[{"name":"INPUT0","datatype":"FP32","shape":[1,2],"parameters":{"binary_data_size":8}}],)"
      R"("parameters":{"mine":"x"},"outputs":[{"name":"OUTPUT0","parameters":{"binary_data":true}}]})";
  for (const std::string tensor : {"12345678", "abcdefgh", "ABCDEFGH", "........"}) {
    request_ = InferenceRequest::Create(model_, -1);
    ASSERT_TRUE(Fill(head + tensor, head.size()).ok());
    EXPECT_EQ(request_->id(), "7");
    ASSERT_EQ(request_->parameters().size(), 1u);
    EXPECT_EQ(std::get<std::string>(request_->parameters()[0].value), "x");
    EXPECT_TRUE(outputs_.IsBinary("OUTPUT0"));
    const Input* const input = request_->FindInput("INPUT0");
    ASSERT_NE(input, nullptr);
    EXPECT_EQ(std::string_view(static_cast<const char*>(input->buffers()[0].base), 8), tensor);
  }
}

TEST_F(FillInferRequestTest, WhatIsWrongWithAHeadStaysWrong) {
  const std::string input = R"({"inputs":[{"name":"INPUT0","datatype":"FP32",)";
  for (const std::string& text :
       {input + R"("shape":[1,2],"data":[1,2]}]})", input + R"("shape":[1,2],"data":[1]}]})",
        input + R"("shape":[1,2],"data":[1,]}]})", input + R"("shape":[1,2],"data":[1,"a"]}]})", input}) {
    request_ = InferenceRequest::Create(model_, -1);
    const Status first = Fill(text);
    for (int again = 0; again < 3; ++again) {
      request_ = InferenceRequest::Create(model_, -1);
      EXPECT_EQ(Fill(text).message(), first.message()) << text;
    }
  }
}

TEST_F(FillInferRequestTest, SyntaxErrorsNameTheOffset) {
  const Status status = Fill("{\"inputs\":[}");
  EXPECT_EQ(status.code(), StatusCode::kInternal);
  EXPECT_EQ(status.message(), "failed to parse the request JSON buffer: Invalid value. at 11");
}

}  // namespace
}  // namespace neso
