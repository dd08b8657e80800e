#include "base/json.h"

#include <gtest/gtest.h>

#include <limits>

namespace neso {
namespace {

std::string Double(double value) {
  std::string text;
  AppendJsonDouble(text, value);
  return text;
}

TEST(JsonTest, QuotesAndEscapes) {
  EXPECT_EQ(JsonQuoted("plain"), "\"plain\"");
  EXPECT_EQ(JsonQuoted(""), "\"\"");
  EXPECT_EQ(JsonQuoted("a\"b\\c/d\b\f\n\r\t"), R"("a\"b\\c/d\b\f\n\r\t")");
  EXPECT_EQ(JsonQuoted(std::string_view("\0\x1f\x7f", 3)), "\"\\u0000\\u001F\x7f\"");
}

TEST(JsonTest, PassesBytesAboveAsciiAsTheyAre) { EXPECT_EQ(JsonQuoted("\xff\xc3\xa4"), "\"\xff\xc3\xa4\""); }

TEST(JsonTest, PrintsDoublesAsClientsKnowThem) {
  EXPECT_EQ(Double(1), "1.0");
  EXPECT_EQ(Double(0.1F), "0.10000000149011612");
  EXPECT_EQ(Double(-2.5e-300), "-2.5e-300");
  EXPECT_EQ(Double(1e22), "1e22");
  EXPECT_EQ(Double(-0.0), "-0.0");
  EXPECT_EQ(Double(std::numeric_limits<double>::quiet_NaN()), "NaN");
  EXPECT_EQ(Double(std::numeric_limits<double>::infinity()), "Infinity");
  EXPECT_EQ(Double(-std::numeric_limits<double>::infinity()), "-Infinity");
}

TEST(JsonTest, PrintsIntegersToTheirLimits) {
  std::string text;
  AppendJsonInt(text, std::numeric_limits<int64_t>::min());
  text += ',';
  AppendJsonUint(text, std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(text, "-9223372036854775808,18446744073709551615");
}

TEST(JsonTest, ParsesAndDumpsCompactly) {
  Expected<rapidjson::Document> document = ParseJson(R"( {"a": [1, 2.0, NaN, -Inf], "b": "x"} )");
  ASSERT_TRUE(document.ok());
  EXPECT_EQ(DumpJson(*document), R"({"a":[1,2.0,NaN,-Infinity],"b":"x"})");
}

TEST(JsonTest, NamesTheOffsetOfASyntaxError) {
  Expected<rapidjson::Document> document = ParseJson("{\"a\":}");
  ASSERT_FALSE(document.ok());
  EXPECT_EQ(document.error().code(), StatusCode::kInternal);
  EXPECT_EQ(document.error().message(), "failed to parse the request JSON buffer: Invalid value. at 5");
  EXPECT_EQ(ParseJson("").error().message(), "failed to parse the request JSON buffer: The document is empty. at 0");
}

TEST(JsonTest, ParsesDeepNestingWithoutRecursion) {
  const std::string deep = std::string(100'000, '[');
  EXPECT_FALSE(ParseJson(deep).ok());
}

}  // namespace
}  // namespace neso
