#include "perf/input_json.h"

#include <gtest/gtest.h>

#include <cstring>

namespace neso::perf {
namespace {

ModelFacts Facts() {
  ModelFacts facts;
  facts.inputs = {{"x", "FP32", {2}}, {"n", "INT8", {-1}}, {"t", "BYTES", {2}, /*is_optional=*/true}};
  facts.outputs = {{"y", "BOOL", {1}}};
  return facts;
}

std::string ErrorOf(std::string_view text) {
  std::vector<Stream> streams;
  const Status read = ReadInputJson(text, Facts(), streams);
  return read.ok() ? "" : read.message();
}

std::string Floats(std::initializer_list<float> values) {
  std::string bytes(values.size() * sizeof(float), '\0');
  std::memcpy(bytes.data(), values.begin(), bytes.size());
  return bytes;
}

TEST(InputJsonTest, StepsAreReadInAllTheirForms) {
  std::vector<Stream> streams;
  const Status read = ReadInputJson(R"({"data": [
      {"x": [1, 2.5], "n": {"content": [-1, 2, 3], "shape": [3]}, "t": ["a", "bc"]},
      {"n": {"content": {"b64": "AQI="}, "shape": [1, 2]}, "x": {"b64": "AACAPwAAAAA="}}]})",
                                    Facts(), streams);
  ASSERT_TRUE(read.ok()) << read.message();
  ASSERT_EQ(streams.size(), 1u);
  ASSERT_EQ(streams[0].size(), 2u);
  const std::vector<Tensor>& first = streams[0][0].inputs;
  ASSERT_EQ(first.size(), 3u);
  EXPECT_EQ(first[0].name, "n");  // by name, as in all steps
  EXPECT_EQ(first[0].bytes, "\xff\x02\x03");
  EXPECT_EQ(first[0].shape, (std::vector<int64_t>{3}));
  EXPECT_EQ(first[1].bytes, std::string("\1\0\0\0a\2\0\0\0bc", 11));
  EXPECT_EQ(first[2].bytes, Floats({1, 2.5}));
  EXPECT_EQ(first[2].shape, (std::vector<int64_t>{2}));
  const std::vector<Tensor>& second = streams[0][1].inputs;
  ASSERT_EQ(second.size(), 2u);
  EXPECT_EQ(second[0].bytes, "\1\2");
  EXPECT_EQ(second[1].bytes, Floats({1, 0}));
}

TEST(InputJsonTest, StreamsAndWhatAnswersAreToBe) {
  std::vector<Stream> streams;
  const std::string_view step = R"({"x": [1, 2], "n": {"content": [1], "shape": [1]}})";
  const Status read =
      ReadInputJson(fmt::format(R"({{"data": [[{0}, {0}], [{0}]], "validation_data": [[{{"y": [true]}}, {{}}],
                                   [{{"y": [0]}}]]}})",
                                step),
                    Facts(), streams);
  ASSERT_TRUE(read.ok()) << read.message();
  ASSERT_EQ(streams.size(), 2u);
  EXPECT_EQ(streams[0].size(), 2u);
  EXPECT_EQ(streams[1].size(), 1u);
  EXPECT_EQ(streams[0][0].expected.at(0).bytes, "\1");
  EXPECT_TRUE(streams[0][1].expected.empty());
  EXPECT_EQ(streams[1][0].expected.at(0).bytes, std::string(1, '\0'));
}

TEST(InputJsonTest, AnInputMayBeCalledData) {
  ModelFacts facts;
  facts.inputs = {{"data", "INT64", {3}}};
  std::vector<Stream> streams;
  ASSERT_TRUE(ReadInputJson(R"({"data": [{"data": [1, 2, 3]}]})", facts, streams).ok());
  EXPECT_EQ(streams[0][0].inputs[0].bytes.size(), 24u);
}

TEST(InputJsonTest, ElementsMayNest) {
  ModelFacts facts;
  facts.inputs = {{"m", "UINT8", {2, 2}}};
  std::vector<Stream> streams;
  ASSERT_TRUE(ReadInputJson(R"({"data": [{"m": [[1, 2], [3, 4]]}]})", facts, streams).ok());
  EXPECT_EQ(streams[0][0].inputs[0].bytes, "\1\2\3\4");
}

TEST(InputJsonTest, WhatIsWrongIsSaidWithItsPlace) {
  const std::string n = R"("n": {"content": [1], "shape": [1]})";
  EXPECT_EQ(ErrorOf("{}"), "The json file doesn't contain data field");
  EXPECT_EQ(ErrorOf("[]"), "The json file doesn't contain data field");
  EXPECT_NE(ErrorOf("{"), "");
  EXPECT_EQ(ErrorOf(R"({"data": []})"), "'data' has a stream without a step");
  EXPECT_EQ(ErrorOf(R"({"data": [[]]})"), "'data' has a stream without a step");
  EXPECT_EQ(ErrorOf(R"({"data": [{}, []]})"), "'data' mixes objects and arrays: expected steps, or streams of steps");
  EXPECT_EQ(ErrorOf(R"({"data": 3})"), "expected 'data' to be an array");
  EXPECT_EQ(ErrorOf(R"({"data": [{"x": [1, 2]}]})"), "missing tensor n ( Location stream id: 0, step id: 0)");
  EXPECT_EQ(ErrorOf(R"({"data": [[{"x": [1, 2], )" + n + R"(}], [{"q": [1]}]]})"),
            "The input or output 'q' is not found in the model configuration ( Location stream id: 1, step id: 0)");
  EXPECT_EQ(
      ErrorOf(R"({"data": [{"x": [1], )" + n + "}]}"),
      "mismatch in the data provided for x. Expected: 8 bytes, Got: 4 bytes ( Location stream id: 0, step id: 0)");
  EXPECT_EQ(ErrorOf(R"({"data": [{"x": [1, 2], "n": [1]}]})"),
            "The variable-sized tensor \"n\" with model shape [-1] needs to have its shape fully defined. See the "
            "--shape option. ( Location stream id: 0, step id: 0)");
  EXPECT_EQ(ErrorOf(R"({"data": [{"x": ["a", 2], )" + n + "}]}"),
            "'x': expected FP32, got \"a\" ( Location stream id: 0, step id: 0)");
  EXPECT_EQ(ErrorOf(R"({"data": [{"x": [1, 2], "n": {"content": [128], "shape": [1]}}]})"),
            "'n': 128 is no INT8 (-128 to 127) ( Location stream id: 0, step id: 0)");
  EXPECT_EQ(
      ErrorOf(R"({"data": [{"x": [1, 2], )" + n + R"(, "t": ["a"]}]})"),
      "mismatch in the data provided for t. Expected: 2 strings, Got: 1 strings ( Location stream id: 0, step id: "
      "0)");
  EXPECT_EQ(ErrorOf(R"({"data": [{"x": [1, 2], )" + n + R"(}], "validation_data": []})"),
            "validation_data has 0 steps, data has 1: expected as many");
  for (const std::string_view bad :
       {R"({"data": [{"x": 1}]})", R"({"data": [{"x": {"b64": 1}}]})", R"({"data": [{"x": {"b64": "!"}}]})",
        R"({"data": [{"n": {"content": [1], "shape": [-1]}}]})", R"({"data": [{"n": {"content": [1], "shape": 1}}]})",
        R"({"data": [{"x": [1, 2], "x": [1, 2]}]})", R"({"data": [{"x": [{}, 2]}]})"}) {
    EXPECT_NE(ErrorOf(bad), "") << bad;
  }
}

TEST(InputJsonTest, HalfFloatsComeAsBytes) {
  ModelFacts facts;
  facts.inputs = {{"h", "FP16", {1}}};
  std::vector<Stream> streams;
  const Status read = ReadInputJson(R"({"data": [{"h": [1]}]})", facts, streams);
  EXPECT_NE(read.message().find("Can not use explicit tensor description for fp16 datatype"), std::string::npos);
  EXPECT_TRUE(ReadInputJson(R"({"data": [{"h": {"b64": "ADw="}}]})", facts, streams).ok());
}

}  // namespace
}  // namespace neso::perf
