#include "frontend/grpc/infer_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "frontend/grpc/grpc_service.pb.h"
#include "frontend/grpc/infer_codec_compare.h"
#include "frontend/grpc/wire_writer.h"

namespace neso {
namespace {

inference::ModelInferRequest FullRequest() {
  inference::ModelInferRequest request;
  request.set_model_name("m\xc3\xbc");
  request.set_model_version("1");
  request.set_id("id");
  (*request.mutable_parameters())["b"].set_bool_param(true);
  (*request.mutable_parameters())["i"].set_int64_param(-5);
  (*request.mutable_parameters())["s"].set_string_param("text");
  (*request.mutable_parameters())["d"].set_double_param(0.5);
  (*request.mutable_parameters())["u"].set_uint64_param(~0ull);
  (*request.mutable_parameters())["unset"];
  auto* input = request.add_inputs();
  input->set_name("INPUT0");
  input->set_datatype("INT32");
  input->add_shape(1);
  input->add_shape(-1);
  input->add_shape(1ll << 40);
  (*input->mutable_parameters())["p"].set_int64_param(1);
  auto* contents = input->mutable_contents();
  for (const int number : {0, 1, -1, 70000}) {
    contents->add_bool_contents(number != 0);
    contents->add_int_contents(number);
    contents->add_int64_contents(number);
    contents->add_uint_contents(static_cast<uint32_t>(number));
    contents->add_uint64_contents(static_cast<uint64_t>(number));
    contents->add_fp32_contents(static_cast<float>(number));
    contents->add_fp64_contents(number);
    contents->add_bytes_contents(std::to_string(number));
  }
  auto* output = request.add_outputs();
  output->set_name("OUTPUT0");
  (*output->mutable_parameters())["classification"].set_int64_param(3);
  request.add_raw_input_contents("raw");
  request.add_raw_input_contents("");
  return request;
}

TEST(InferCodecTest, ReadsEveryField) {
  const std::string message = FullRequest().SerializeAsString();
  EXPECT_EQ(CompareWithGenerated(message), "");
  WireInferRequest request;
  ASSERT_TRUE(ParseInferRequest(message, request));
  EXPECT_THAT(request.inputs.at(0).shape, ::testing::ElementsAre(1, -1, 1ll << 40));
  EXPECT_EQ(request.parameters.size(), 6u);
}

TEST(InferCodecTest, TensorsAreViewsIntoTheMessage) {
  const std::string message = FullRequest().SerializeAsString();
  WireInferRequest request;
  ASSERT_TRUE(ParseInferRequest(message, request));
  EXPECT_EQ(request.raw_contents.at(0).data(), message.data() + message.find("raw"));
}

TEST(InferCodecTest, ContentsBecomeTensorElements) {
  const std::string message = FullRequest().SerializeAsString();
  WireInferRequest request;
  ASSERT_TRUE(ParseInferRequest(message, request));
  const WireContents& contents = *request.inputs.at(0).contents;
  int16_t low[4];
  ASSERT_EQ(ContentsBytes(contents, ContentsKind::kInt, sizeof(int16_t)), sizeof(low));
  WriteContents(contents, ContentsKind::kInt, sizeof(int16_t), reinterpret_cast<char*>(low));
  EXPECT_EQ(low[2], -1);
  EXPECT_EQ(low[3], static_cast<int16_t>(70000));
}

TEST(InferCodecTest, EveryTruncationIsJudgedAsTheGeneratedParserDoes) {
  const std::string message = FullRequest().SerializeAsString();
  for (size_t size = 0; size < message.size(); ++size) {
    EXPECT_EQ(CompareWithGenerated(std::string_view(message).substr(0, size)), "") << size;
  }
}

TEST(InferCodecTest, DamagedMessagesAreJudgedAsTheGeneratedParserDoes) {
  const std::string message = FullRequest().SerializeAsString();
  std::mt19937 random(1);
  for (int round = 0; round < 20'000; ++round) {
    std::string damaged = message;
    for (unsigned changes = 1 + random() % 4; changes > 0; --changes) {
      damaged[random() % damaged.size()] = static_cast<char>(random());
    }
    ASSERT_EQ(CompareWithGenerated(damaged), "") << "round " << round;
  }
}

TEST(InferCodecTest, WhatIsRepeatedIsMergedOrReplaced) {
  const std::string message = FullRequest().SerializeAsString();
  EXPECT_EQ(CompareWithGenerated(message + message), "");
}

TEST(InferCodecTest, ManyParametersOfOneNameAreOne) {
  std::string message;
  for (int i = 0; i < 100'000; ++i) {
    inference::ModelInferRequest one;
    (*one.mutable_parameters())["k" + std::to_string(i % 1000)].set_int64_param(i);
    message += one.SerializeAsString();
  }
  EXPECT_EQ(CompareWithGenerated(message), "");
}

TEST(InferCodecTest, OddEncodings) {
  using std::string_literals::operator""s;
  const std::string cases[] = {
      "",
      "\0"s,                                               // field 0
      "\x0a\x80",                                          // a length that goes on
      "\x0a\x81\x80\x80\x80\x80\x00\x61"s,                 // a length of more than five bytes
      "\x0a\x81\x80\x80\x80\x00\x61"s,                     // a length longer than needed
      "\x0a\xff\xff\xff\xff\x07",                          // 2 GiB that are not there
      "\x0a\x01\xff",                                      // no UTF-8
      "\x0a\x03\xed\xa0\x80",                              // a surrogate
      "\x08\x01",                                          // model_name as a number
      "\x3a\x01\xff",                                      // raw bytes need no UTF-8
      "\x43\x44",                                          // an unknown group
      "\x43\x4c",                                          // an unknown group with another's end
      "\x44",                                              // an end without a beginning
      "\x46",                                              // wire type 6
      "\x40\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f",      // a number of ten bytes
      "\x40\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",  // and of eleven
      "\xc0\x80\x80\x80\x80\x01\x01",                      // a tag of more than five bytes
      "\x2a\x04\x18\x01\x18\x02",                          // dims one by one
      "\x2a\x03\x1a\x01\x80",                              // packed dims cut off
      "\x2a\x05\x2a\x03\x32\x01\x00"s,                     // packed floats of one byte
      "\x2a\x02\x2a\x00"s,                                 // contents that are there but empty
  };
  for (const std::string& message : cases) {
    EXPECT_EQ(CompareWithGenerated(message), "") << testing::PrintToString(message);
  }
}

// `count` fields of number `field`, empty messages or texts.
std::string EmptyFields(uint32_t field, size_t count) {
  std::string message;
  for (size_t i = 0; i < count; ++i) WireWriter(message).Text(field, "");
  return message;
}

TEST(InferCodecTest, WhatIsBeyondTheLimitsIsCountedAndNotKept) {
  constexpr size_t kMany = 1'000'000;
  WireInferRequest request;
  ASSERT_TRUE(ParseInferRequest(
      EmptyFields(4, kMany) + EmptyFields(5, kMany) + EmptyFields(6, kMany) + EmptyFields(7, kMany), request));
  EXPECT_EQ(request.counts.parameters, kMany);
  EXPECT_EQ(request.counts.inputs, kMany);
  EXPECT_EQ(request.counts.outputs, kMany);
  EXPECT_EQ(request.inputs.size(), kMaxRequestTensors);
  EXPECT_EQ(request.outputs.size(), kMaxRequestTensors);
  EXPECT_EQ(request.raw_contents.size(), kMaxRequestTensors);
  EXPECT_LE(request.parameters.capacity(), 2 * kMaxRequestParameters);
}

TEST(InferCodecTest, FieldsOfTensorsAreCountedTogether) {
  for (const uint32_t field : {3u, 4u, 5u}) {  // shape, parameters, contents
    std::string tensor = field == 3 ? "" : EmptyFields(field, kMaxWireFields);
    if (field == 3) WireWriter(tensor).Text(3, std::string(kMaxWireFields, '\1'));
    std::string message;
    WireWriter(message).Text(5, tensor);
    WireInferRequest most;
    ASSERT_TRUE(ParseInferRequest(message, most));
    EXPECT_EQ(most.fields, kMaxWireFields);
    WireWriter(message).Text(5, tensor);
    WireInferRequest more;
    ASSERT_TRUE(ParseInferRequest(message, more));
    EXPECT_EQ(more.fields, 2 * kMaxWireFields) << field;
    EXPECT_TRUE(more.inputs[1].shape.empty());
    EXPECT_TRUE(more.inputs[1].parameters.empty());
    EXPECT_FALSE(more.inputs[1].contents.has_value());
  }
}

TEST(InferCodecTest, NestingIsLimited) {
  for (const int groups : {50, 98, 99, 100, 101, 200, 100'000}) {
    std::string message;
    for (int i = 0; i < groups; ++i) WireWriter(message).Varint(WireTag(9, WireType::kGroupBegin));
    for (int i = 0; i < groups; ++i) WireWriter(message).Varint(WireTag(9, WireType::kGroupEnd));
    EXPECT_EQ(CompareWithGenerated(message), "") << groups;
  }
}

}  // namespace
}  // namespace neso
