#include "perf/openai/payload.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "perf/input_json.h"
#include "perf/options.h"

namespace neso::perf {
namespace {

std::vector<Stream> Read(std::string_view text) {
  std::vector<Stream> streams;
  const Status read = ReadInputJson(text, FactsOfPayloads(Options()), streams);
  EXPECT_TRUE(read.ok()) << read.message();
  return streams;
}

std::string ErrorOf(std::string_view text) {
  std::vector<Stream> streams;
  return ReadInputJson(text, FactsOfPayloads(Options()), streams).message();
}

TEST(PayloadTest, IsTheBodyAsItStands) {
  const std::vector<Stream> streams = Read(R"({"data": [
      {"payload": [{"messages": [{"role": "user", "content": "né"}], "data": [1, [2.5]], "n": null}]},
      {"payload": [ {} ]}]})");
  ASSERT_EQ(streams.size(), 1u);
  ASSERT_EQ(streams[0].size(), 2u);
  EXPECT_EQ(streams[0][0].inputs[0].bytes,
            R"({"messages": [{"role": "user", "content": "né"}], "data": [1, [2.5]], "n": null})");
  EXPECT_EQ(streams[0][1].inputs[0].bytes, "{}");
}

TEST(PayloadTest, KeepsEachDigitAndEscape) {
  const std::string body =
      R"({"a": 123456789012345678901, "b": 0.1234567890123456789, "c": [1e6, -0, 0.10], "d": "\/\u00e9"})";
  const std::vector<Stream> streams = Read(R"({"data": [{"payload": [ )" + body + "\n]}]}");
  EXPECT_EQ(streams[0][0].inputs[0].bytes, body);
}

TEST(PayloadTest, MayHaveMoreValuesThanOtherJson) {
  std::string body = R"({"stream": true, "input": [0)";
  for (size_t i = 0; i < kMaxJsonValues; i++) body += ",1";
  body += "]}";
  const std::vector<Stream> streams = Read(R"({"data": [{"payload": [)" + body + "]}]}");
  EXPECT_TRUE(streams[0][0].inputs[0].bytes == body);
  EXPECT_TRUE(AsksForEvents(streams[0][0]));
}

TEST(PayloadTest, IsOneObject) {
  const std::string told = "'payload': expected an array of one object";
  for (const char* wrong : {R"({"data": [{"payload": {"a": 1}}]})", R"({"data": [{"payload": []}]})",
                            R"({"data": [{"payload": [{}, {}]}]})", R"({"data": [{"payload": ["a"]}]})"}) {
    EXPECT_EQ(ErrorOf(wrong).substr(0, told.size()), told) << wrong;
  }
  EXPECT_EQ(ErrorOf(R"({"data": [{}]})"), "missing tensor payload ( Location stream id: 0, step id: 0)");
}

TEST(PayloadTest, SaysWhetherItAsksForEvents) {
  const auto asks = [](const char* payload) {
    return AsksForEvents(Read(std::string(R"({"data": [{"payload": [)") + payload + "]}]}")[0][0]);
  };
  EXPECT_TRUE(asks(R"({"stream": true})"));
  EXPECT_FALSE(asks(R"({"stream": false})"));
  EXPECT_FALSE(asks(R"({"stream": "true", "a": {"stream": true}})"));
  EXPECT_FALSE(asks("{}"));
}

TEST(PayloadTest, EventsMayTellOfErrors) {
  EXPECT_EQ(ErrorOfEvent("data: {\"error\":\"full\"}\n\n"), "full");
  EXPECT_EQ(ErrorOfEvent("event: x\r\ndata: {\"error\":{\"message\":\"too long\",\"code\":400}}\r\n\r\n"), "too long");
  EXPECT_EQ(ErrorOfEvent("data: {\"error\":{\"code\":400}}\n\n"), "{\"code\":400}");
  for (const char* none : {"data: {\"error\":null}\n\n", "data: {\"text\":\"an \\\"error\\\"\"}\n\n",
                           "data: [DONE]\n\n", "data: \"error\"\n\n", "data: {\"error\":\n\n"}) {
    EXPECT_EQ(ErrorOfEvent(none), std::nullopt) << none;
  }
}

}  // namespace
}  // namespace neso::perf
