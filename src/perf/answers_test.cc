#include "perf/answers.h"

#include <gtest/gtest.h>

namespace neso::perf {
namespace {

client::Http1AnswerReader AnswerOf(const std::string& headers, const std::string& body) {
  client::Http1AnswerReader reader;
  reader.Begin("POST");
  const std::string bytes =
      fmt::format("HTTP/1.1 200 OK\r\n{}Content-Length: {}\r\n\r\n{}", headers, body.size(), body);
  std::string_view input = bytes;
  EXPECT_EQ(reader.Take(input), client::Http1AnswerReader::State::kDone);
  return reader;
}

TEST(AnswersTest, OutputsAreReadInBothForms) {
  const std::string json =
      R"({"outputs":[{"name":"a","datatype":"INT8","shape":[1,2],"parameters":{"binary_data_size":2}},)"
      R"({"name":"b","datatype":"INT8","shape":[2],"data":[3,4]}]})";
  const auto outputs =
      ReadHttpAnswer(AnswerOf(fmt::format("Inference-Header-Content-Length: {}\r\n", json.size()), json + "\1\2"));
  ASSERT_TRUE(outputs.ok()) << outputs.error().message();
  ASSERT_EQ(outputs->size(), 2u);
  EXPECT_EQ(outputs->at(0).bytes, "\1\2");
  EXPECT_EQ(outputs->at(1).bytes, "\3\4");
  EXPECT_EQ(TensorsJson(*outputs), R"({"a":[1,2],"b":[3,4]})");
}

TEST(AnswersTest, WhatIsNoAnswerIsRefused) {
  for (const std::string_view body :
       {"", "{}", "[]", R"({"outputs":[3]})", R"({"outputs":[{"name":"a","datatype":"INT8","shape":[1]}]})",
        R"({"outputs":[{"name":"a","datatype":"INT8","shape":[1],"parameters":{"binary_data_size":9}}]})",
        R"({"outputs":[{"name":"a","datatype":"INT8","shape":[1],"data":["x"]}]})"}) {
    EXPECT_FALSE(ReadHttpAnswer(AnswerOf("", std::string(body))).ok()) << body;
  }
  EXPECT_FALSE(ReadHttpAnswer(AnswerOf("Inference-Header-Content-Length: 99\r\n", R"({"outputs":[]})")).ok());
}

TEST(AnswersTest, ValuesAreExportedByTheirKind) {
  const std::vector<Tensor> tensors = {{"one", "FP32", {1}, std::string("\0\0\0\x40", 4)},
                                       {"text", "BYTES", {1}, std::string("\1\0\0\0a", 5)},
                                       {"bytes", "BYTES", {1}, std::string("\x80\0\0\0\xc3\xa9\xff", 7)},
                                       {"none", "INT8", {0}, ""},
                                       {"half", "FP16", {1}, "ab"}};
  const std::string lengths_and_bytes = "\xc2\x80\\u0000\\u0000\\u0000\xc3\xa9\xc3\xbf";
  EXPECT_EQ(TensorsJson(tensors),
            R"({"one":2,"text":"\u0001\u0000\u0000\u0000a","bytes":")" + lengths_and_bytes + R"(","none":""})");
}

TEST(AnswersTest, AreComparedWithWhatIsExpected) {
  std::vector<TensorSet> requests(2);
  requests[1].expected = {{"a", "INT8", {2}, "xy"}};
  Answers answers(requests, /*keeps=*/true);
  const std::vector<Tensor> right = {{"a", "INT8", {2}, "xy"}}, wrong = {{"a", "INT8", {2}, "xz"}},
                            short_one = {{"a", "INT8", {1}, "x"}};
  const auto taken = answers.Take(0, wrong);
  ASSERT_TRUE(taken.ok());
  EXPECT_EQ(answers.TextOf(*taken), R"({"a":[120,122]})");
  EXPECT_TRUE(answers.Take(1, right).ok());
  EXPECT_EQ(answers.Take(1, wrong).error().message(),
            "output 'a' is not what validation_data says: it differs from byte 1 of 2 on");
  EXPECT_EQ(answers.Take(1, short_one).error().message(),
            "output 'a' is not what validation_data says: expected 2 bytes, got 1");
  EXPECT_EQ(answers.Take(1, {}).error().message(), "the answer has no output 'a', which validation_data expects");
}

TEST(AnswersTest, BlanksInJsonAreNoDifference) {
  std::vector<TensorSet> requests(1);
  requests[0].expected = {{"a", kJsonDatatype, {1}, R"({"b": [1, 2]})"}};
  Answers answers(requests, /*keeps=*/false);
  const auto take = [&answers](const char* text) {
    const std::vector<Tensor> outputs = {{"a", kJsonDatatype, {1}, text}};
    return answers.Take(0, outputs).ok();
  };
  EXPECT_TRUE(take("{\"b\":[1,2]}\n"));
  EXPECT_FALSE(take(R"({"b": [1, 3]})"));
  EXPECT_FALSE(take("data: {}"));
}

}  // namespace
}  // namespace neso::perf
