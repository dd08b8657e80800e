#include "frontend/http/generate_request.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "core/test_support.h"

namespace neso {
namespace {

TEST(DeduceShapeTest, TheInnermostFreeDimensionTakesWhatIsLeft) {
  struct Row {
    Shape dims;
    bool batched;
    int64_t elements;
    Shape expected;  // empty: there is none
  };
  const Row rows[] = {
      {.dims = {-1}, .batched = true, .elements = 1, .expected = {1, 1}},
      {.dims = {-1}, .batched = true, .elements = 3, .expected = {1, 3}},
      {.dims = {-1}, .batched = false, .elements = 3, .expected = {3}},
      {.dims = {-1}, .batched = true, .elements = 0, .expected = {1, 0}},
      {.dims = {1}, .batched = true, .elements = 4, .expected = {4, 1}},
      {.dims = {2, -1}, .batched = true, .elements = 4, .expected = {1, 2, 2}},
      {.dims = {2, -1}, .batched = true, .elements = 0, .expected = {1, 2, 0}},
      {.dims = {-1, 3, -1}, .batched = false, .elements = 6, .expected = {1, 3, 2}},
      {.dims = {-1, 3}, .batched = true, .elements = 6, .expected = {1, 2, 3}},
      {.dims = {2, 3}, .batched = false, .elements = 6, .expected = {2, 3}},
      {.dims = {2, -1}, .batched = true, .elements = 3, .expected = {}},
      {.dims = {2, 3}, .batched = false, .elements = 12, .expected = {}},
      {.dims = {2, 3}, .batched = false, .elements = 1, .expected = {}},
      {.dims = {2, 3}, .batched = false, .elements = 0, .expected = {}},
      {.dims = {0}, .batched = true, .elements = 0, .expected = {}},
  };
  for (const Row& row : rows) {
    TensorSpec input;
    input.name = "x";
    input.dims = row.dims;
    const Expected<Shape> shape = DeduceShape(input, row.batched, row.elements);
    SCOPED_TRACE(ShapeText(row.dims) + " of " + std::to_string(row.elements));
    ASSERT_EQ(shape.ok(), !row.expected.empty());
    if (shape.ok()) {
      EXPECT_EQ(*shape, row.expected);
    } else {
      EXPECT_EQ(shape.error().code(), StatusCode::kInvalidArg);
      EXPECT_EQ(shape.error().message(), "The schema can not convert input 'x' to tensor with proper shape");
    }
  }
}

class FillGenerateRequestTest : public ::testing::Test {
 protected:
  Status Fill(std::string_view body) {
    request_ = InferenceRequest::Create(model_, -1);
    storage_.clear();
    return FillGenerateRequest(*model_, body, 64, *request_, storage_);
  }

  std::string Failure(std::string_view body, StatusCode code) {
    const Status status = Fill(body);
    if (status.ok()) return "it was taken";
    return status.code() == code ? status.message() : status.ToString();
  }

  std::string Bytes(std::string_view input) const {
    const InputBuffer& buffer = request_->FindInput(input)->buffers()[0];
    return {static_cast<const char*>(buffer.base), buffer.attributes.byte_size};
  }

  ModelHandle model_ = test::MakeModel(R"(
      name: "m" max_batch_size: 8
      input { name: "text" data_type: TYPE_STRING dims: -1 }
      input { name: "count" data_type: TYPE_INT16 dims: [ 2, -1 ] optional: true }
      input { name: "half" data_type: TYPE_FP16 dims: -1 optional: true })");
  std::unique_ptr<InferenceRequest> request_;
  std::vector<BufferRef> storage_;
};

TEST_F(FillGenerateRequestTest, MembersAreInputsOrParameters) {
  ASSERT_TRUE(
      Fill(R"({"text":["a","bc"],"count":[1,-2],"n":5,"t":0.5,"b":true,"s":"x","big":18446744073709551615})").ok());
  EXPECT_EQ(request_->id(), "");
  ASSERT_EQ(request_->inputs().size(), 2u);
  EXPECT_EQ(request_->FindInput("text")->original_shape(), (Shape{1, 2}));
  EXPECT_EQ(Bytes("text"), std::string("\1\0\0\0a\2\0\0\0bc", 11));
  EXPECT_EQ(request_->FindInput("count")->original_shape(), (Shape{1, 2, 1}));
  EXPECT_EQ(Bytes("count"), std::string("\1\0\xfe\xff", 4));
  const std::vector<std::pair<std::string, ParameterValue>> expected = {
      {"n", int64_t{5}}, {"t", 0.5}, {"b", true}, {"s", std::string("x")}, {"big", 18446744073709551615.0}};
  ASSERT_EQ(request_->parameters().size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(request_->parameters()[i].name, expected[i].first);
    EXPECT_EQ(request_->parameters()[i].value, expected[i].second);
  }
}

TEST_F(FillGenerateRequestTest, TheIdIsAParameterToo) {
  ASSERT_TRUE(Fill(R"({"text":"","id":"seven"})").ok());
  EXPECT_EQ(request_->id(), "seven");
  ASSERT_EQ(request_->parameters().size(), 1u);
  EXPECT_EQ(request_->parameters()[0].name, "id");
}

TEST_F(FillGenerateRequestTest, NamesWithAMeaningElsewhereHaveNoneHere) {
  ASSERT_TRUE(Fill(R"({"text":"","sequence_id":5,"priority":"x","triton_x":1})").ok());
  EXPECT_FALSE(request_->correlation_id().InSequence());
  EXPECT_EQ(request_->parameters().size(), 3u);
}

TEST_F(FillGenerateRequestTest, NestedMembersCountAsIfTheyWereNot) {
  ASSERT_TRUE(Fill(R"({"parameters":{"text":"a","n":1,"id":7}})").ok());
  EXPECT_EQ(Bytes("text"), std::string("\1\0\0\0a", 5));
  EXPECT_EQ(request_->id(), "");
  EXPECT_EQ(request_->parameters().size(), 2u);
}

TEST_F(FillGenerateRequestTest, AnEmptyArrayHasNoData) {
  ASSERT_TRUE(Fill(R"({"text":[],"count":[]})").ok());
  EXPECT_EQ(request_->FindInput("text")->original_shape(), (Shape{1, 0}));
  EXPECT_TRUE(request_->FindInput("text")->buffers().empty());
}

TEST_F(FillGenerateRequestTest, BadBodiesHaveTheContractsTexts) {
  const auto internal = [this](std::string_view body) { return Failure(body, StatusCode::kInternal); };
  const auto invalid = [this](std::string_view body) { return Failure(body, StatusCode::kInvalidArg); };
  EXPECT_EQ(internal(""), "failed to parse the request JSON buffer: The document is empty. at 0");
  EXPECT_EQ(internal("[]"), "attempt to get members for non-object");
  EXPECT_EQ(internal(R"({"id":7})"), "Unable to parse 'id': attempt to access JSON non-string as string");
  EXPECT_EQ(internal(R"({"parameters":5})"),
            "Expected JSON object for keyword: 'parameters': attempt to access JSON non-object as object");
  EXPECT_EQ(invalid(R"({"k":null})"),
            "parameter 'k' has invalid type. It should be either 'int', 'bool', or 'string'.");
  EXPECT_EQ(invalid(R"({"parameters":{"parameters":{}}})"),
            "Converting keyword: 'parameters': parameter 'parameters' has invalid type. It should be either 'int', "
            "'bool', or 'string'.");
  EXPECT_EQ(invalid(R"({"id":"7","text":"a","parameters":{"text":"b"}})"),
            "Converting keyword: 'parameters': [request id: 7] input 'text' already exists in request");
  EXPECT_EQ(internal(R"({"text":5})"), "Unable to parse JSON bytes array: attempt to access JSON non-string as string");
  EXPECT_EQ(internal(R"({"count":[1,2.5]})"),
            "Unable to parse 'data': attempt to access JSON non-signed-integer as signed-integer");
  EXPECT_EQ(internal(R"({"count":[[1,2],3]})"),
            "Unable to parse 'data': Shape does not match true shape of 'data' field");
  EXPECT_EQ(invalid(R"({"half":1})"),
            "receiving FP16 data via JSON is not supported. Please use the binary data format for input half");
  EXPECT_EQ(invalid(R"({"text":")" + std::string(61, 'x') + R"("})"),
            "JSON input 'text' has a byte_size (65 bytes) that exceeds the maximum allowed value of 64 bytes. Use "
            "--http-max-input-size to increase the limit.");
}

TEST_F(FillGenerateRequestTest, AnInputMayNotBeCalledParameters) {
  model_ = test::MakeModel(R"(name: "m" input { name: "parameters" data_type: TYPE_STRING dims: -1 })");
  EXPECT_EQ(Failure(R"({"parameters":"x"})", StatusCode::kInvalidArg),
            "Keyword 'parameters' for nested schema also given as input tensor name");
}

}  // namespace
}  // namespace neso
