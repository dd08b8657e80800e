#include "base/json.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "base/json_elements.h"

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

// What Parse says of `text`; empty: it is taken.
std::string Failure(std::string_view text) { return JsonDocument().Parse(text).message(); }

std::string Repeated(std::string_view unit, size_t count) {
  std::string text;
  text.reserve(unit.size() * count);
  for (size_t i = 0; i < count; ++i) text += unit;
  return text;
}

TEST(JsonTest, ParsesAndDumpsCompactly) {
  JsonDocument document;
  ASSERT_TRUE(document.Parse(R"( {"a": [1, 2.0, NaN, -Inf], "b": "x"} )").ok());
  EXPECT_EQ(DumpJson(document.root()), R"({"a":[1,2.0,NaN,-Infinity],"b":"x"})");
}

TEST(JsonTest, NamesTheOffsetOfASyntaxError) {
  const Status error = JsonDocument().Parse("{\"a\":}");
  EXPECT_EQ(error.code(), StatusCode::kInternal);
  EXPECT_EQ(error.message(), "failed to parse the request JSON buffer: Invalid value. at 5");
  EXPECT_EQ(Failure(""), "failed to parse the request JSON buffer: The document is empty. at 0");
  EXPECT_EQ(Failure("[1] "), "");
  EXPECT_EQ(Failure("[1] x"),
            "failed to parse the request JSON buffer: The document root must not be followed by other values. at 4");
}

TEST(JsonTest, BoundsTheDepthWhileItReads) {
  EXPECT_EQ(Failure(std::string(100, '[') + std::string(100, ']')), "");
  const std::string too_deep = "JSON nesting depth exceeds maximum allowed limit (100)";
  EXPECT_EQ(Failure(std::string(101, '[') + std::string(101, ']')), too_deep);
  EXPECT_EQ(Failure(Repeated("[", 10'000'000)), too_deep);
  EXPECT_EQ(Failure(Repeated("{\"\":", 1'000'000)), too_deep);
  EXPECT_EQ(JsonDocument().Parse(std::string(101, '[')).code(), StatusCode::kInvalidArg);
}

TEST(JsonTest, BoundsTheNumberOfValuesWhileItReads) {
  const std::string many = "[" + Repeated("1,", kMaxJsonValues - 2);
  EXPECT_EQ(Failure(many + "1]"), "");
  const Status error = JsonDocument().Parse(many + "1,1,no JSON from here on");
  EXPECT_EQ(error.code(), StatusCode::kInvalidArg);
  EXPECT_EQ(error.message(), "expected JSON of at most 1000000 values outside of tensors, got more");
  EXPECT_EQ(Failure("[" + Repeated("{\"\":0},", 500'000)), error.message());
}

bool IsData(std::string_view name) { return name == "data"; }

TEST(JsonTest, ArraysOfElementsStayTextAndTakeNoMemory) {
  const std::string text = R"({"a":[1],"data":[ [1,2], "]", {"data":[3]} ],"b":{"data":7}})";
  JsonDocument document;
  ASSERT_TRUE(document.Parse(text, IsData).ok());
  const JsonElements elements = JsonDocument::ElementsOf(document.root()["data"]);
  EXPECT_EQ(elements.text, R"([ [1,2], "]", {"data":[3]} ])");
  EXPECT_EQ(elements.text.data(), text.data() + text.find("[ ["));
  EXPECT_EQ(elements.count, 3u);
  EXPECT_EQ(document.root()["a"].Size(), 1u);
  EXPECT_EQ(document.root()["b"]["data"].GetInt(), 7);
  EXPECT_TRUE(JsonDocument().Parse("{\"data\":[" + Repeated("1,", 2 * kMaxJsonValues) + "1]}", IsData).ok());
}

TEST(JsonTest, ArraysOfElementsAreCheckedAsTheyAreRead) {
  const auto failure = [](std::string_view text) { return JsonDocument().Parse(text, IsData).message(); };
  EXPECT_EQ(failure(R"({"data":[1,})"), "failed to parse the request JSON buffer: Invalid value. at 11");
  EXPECT_EQ(failure("{\"data\":" + std::string(100, '[') + std::string(100, ']') + "}"), "");
  EXPECT_EQ(failure("{\"data\":" + std::string(101, '[')), "JSON nesting depth exceeds maximum allowed limit (100)");
}

TEST(JsonTest, ArraysOfNumbersAreLeftUncheckedIfThatIsAskedFor) {
  JsonDocument document;
  ASSERT_TRUE(document.ParseLazily(R"({"data":[1, 2],"b":{"data":["]"]},"c":{"data":[[3]]}})", IsData).ok());
  const JsonElements numbers = JsonDocument::ElementsOf(document.root()["data"]);
  EXPECT_FALSE(numbers.checked);
  EXPECT_EQ(numbers.text, "[1, 2]");
  for (const char* name : {"b", "c"}) {
    const JsonElements others = JsonDocument::ElementsOf(document.root()[name]["data"]);
    EXPECT_TRUE(others.checked);
    EXPECT_EQ(others.count, 1u);
  }
  EXPECT_TRUE(document.Check().ok());
}

TEST(JsonTest, UncheckedArraysThatNobodyReadsAreCheckedInTheEnd) {
  for (const char* text : {R"({"a":1,"data":[1 2]})", R"({"data":[1,2}],"a":1})", R"({"data":[1,],"data":[]})"}) {
    const Status expected = JsonDocument().Parse(text, IsData);
    ASSERT_FALSE(expected.ok());
    JsonDocument document;
    ASSERT_TRUE(document.ParseLazily(text, IsData).ok()) << text;
    EXPECT_EQ(document.Check().message(), expected.message());
  }
  JsonDocument read;
  ASSERT_TRUE(read.ParseLazily(R"({"data":[1],"data":[2]})", IsData).ok());
  read.NoteRead();
  EXPECT_TRUE(read.Check().ok());
}

TEST(JsonTest, AnErrorAfterAnUncheckedArrayIsNotToldBeforeItsOwn) {
  for (const char* text :
       {R"({"data":[1,],"a":})", R"({"data":[1,2,"a":[3]})", R"({"data":[1],"a":})", R"({"data":[1)"}) {
    EXPECT_EQ(JsonDocument().ParseLazily(text, IsData).message(), JsonDocument().Parse(text, IsData).message()) << text;
  }
}

TEST(JsonTest, ElementsComeOneByOne) {
  std::vector<std::string> seen;
  const auto note = [&seen](const JsonValue& element) -> Status {
    if (element.IsNull() || element.IsObject()) return InvalidArg("got {}", DumpJson(element));
    seen.push_back(DumpJson(element));
    return {};
  };
  EXPECT_TRUE(ForEachJsonElement(R"([[1,-2],[[true]],2.5,"x",NaN,18446744073709551615])", note).ok());
  EXPECT_EQ(seen, (std::vector<std::string>{"1", "-2", "true", "2.5", "\"x\"", "NaN", "18446744073709551615"}));
  EXPECT_EQ(ForEachJsonElement("[1,null,2]", note).message(), "got null");
  EXPECT_EQ(ForEachJsonElement(R"([{"a":1},2])", note).message(), "got {}");
  EXPECT_EQ(seen.size(), 8u);
}

}  // namespace
}  // namespace neso
