#include "base/json_scan.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/json_elements.h"

namespace neso {
namespace {

template <typename T>
std::vector<T> Read(std::string_view array, size_t count) {
  const auto values = std::make_unique<T[]>(count);
  if (!ReadJsonElements<T>(array, {values.get(), count})) return {};
  return std::vector<T>(values.get(), values.get() + count);
}

template <typename T>
bool IsRefused(std::string_view element) {
  T value{};
  return !ReadJsonElements<T>("[" + std::string(element) + "]", {&value, 1});
}

// What RapidJSON makes of a number.
double Exactly(const std::string& number) {
  double read = std::numeric_limits<double>::quiet_NaN();
  const auto take = [&read](const JsonValue& value) -> Status {
    read = value.GetDouble();
    return {};
  };
  EXPECT_TRUE(ForEachJsonElement("[" + number + "]", take).ok());
  return read;
}

void ExpectReadAsEver(const std::string& number) {
  double read = 0;
  ASSERT_TRUE(ReadJsonElements<double>("[" + number + "]", {&read, 1})) << number;
  ASSERT_EQ(std::bit_cast<uint64_t>(read), std::bit_cast<uint64_t>(Exactly(number))) << number;
}

std::vector<std::string> Strings(std::string_view array) {
  std::vector<std::string> strings;
  const auto take = [&](const JsonStringText& string) {
    strings.emplace_back(string.size, '?');
    string.CopyTo(strings.back().data());
  };
  if (!ForEachJsonString(array, take)) return {"refused"};
  return strings;
}

TEST(JsonScanTest, FindsTheEndAndCountsWhatStandsInTheArrayItself) {
  const auto scan = [](std::string_view text) {
    const auto elements = ScanJsonElements(text);
    return elements ? std::string(elements->text) + " " + std::to_string(elements->count) : "refused";
  };
  EXPECT_EQ(scan("[]"), "[] 0");
  EXPECT_EQ(scan("[1]]"), "[1] 1");
  EXPECT_EQ(scan("[ [1 ,\n2],\t[], 3.5e-2,[[ ]]\r], [4]"), "[ [1 ,\n2],\t[], 3.5e-2,[[ ]]\r] 4");
  EXPECT_EQ(scan(R"([true,false,"]\"",-0]  ]}])"), R"([true,false,"]\"",-0] 4)");
}

TEST(JsonScanTest, RefusesWhatIsNoArrayOfElements) {
  for (const char* text : {"",
                           "[",
                           "]",
                           "1]",
                           "[1",
                           "[[1]",
                           "[1,]",
                           "[,1]",
                           "[1 2]",
                           "[01]",
                           "[-]",
                           "[+1]",
                           "[.5]",
                           "[1.]",
                           "[1e]",
                           "[1e+]",
                           "[0x1]",
                           "[tru]",
                           "[truefalse]",
                           "[\"]",
                           "[\"a\"b]",
                           "[\"\n\"]",
                           "[\"\\x\"]",
                           "[\"\\u12\"]",
                           "[\"\\u12g4\"]",
                           "[\"\\ud800\"]",
                           "[\"\\ud800\\u0041\"]",
                           "[\"\\udc00\"]",
                           "[[1]1]",
                           "[1[1]]",
                           "[1]2",
                           "[--1]"}) {
    EXPECT_FALSE(ScanJsonElements(text)) << text;
  }
}

TEST(JsonScanTest, LeavesTheUnusualToOthers) {
  for (const char* text : {"[NaN]", "[-Infinity]", "[Inf]", "[null]", "[{}]", "[1e100]", "[1,{\"a\":[]}]"}) {
    EXPECT_FALSE(ScanJsonElements(text)) << text;
  }
  EXPECT_FALSE(ScanJsonElements("[" + std::string(1000, '1') + "]"));
}

TEST(JsonScanTest, BoundsTheDepth) {
  EXPECT_TRUE(ScanJsonElements(std::string(100, '[') + std::string(100, ']')));
  EXPECT_FALSE(ScanJsonElements(std::string(101, '[') + std::string(101, ']')));
}

TEST(JsonScanTest, ReadsNestedElementsInOrderAndAsManyAsAreAskedFor) {
  EXPECT_EQ(Read<float>("[[1.5,2],[[-3e2]]]", 3), (std::vector<float>{1.5F, 2, -300}));
  EXPECT_TRUE(Read<float>("[1,2]", 3).empty());
  EXPECT_TRUE(Read<float>("[1,2,3,4]", 3).empty());
  EXPECT_EQ(Read<bool>("[true, false]", 2), (std::vector<bool>{true, false}));
  EXPECT_TRUE(IsRefused<bool>("1"));
  EXPECT_TRUE(IsRefused<double>("true"));
  EXPECT_TRUE(IsRefused<double>("\"1\""));
}

TEST(JsonScanTest, ReadsIntegersToTheirLimits) {
  EXPECT_EQ(Read<int64_t>("[-9223372036854775808,9223372036854775807,-0]", 3),
            (std::vector<int64_t>{INT64_MIN, INT64_MAX, 0}));
  EXPECT_EQ(Read<uint64_t>("[18446744073709551615,-0,0]", 3), (std::vector<uint64_t>{UINT64_MAX, 0, 0}));
  for (const char* element : {"9223372036854775808", "-9223372036854775809", "1.0", "1e2", "true"}) {
    EXPECT_TRUE(IsRefused<int64_t>(element)) << element;
  }
  for (const char* element : {"18446744073709551616", "99999999999999999999", "111111111111111111111", "-1", "1.5"}) {
    EXPECT_TRUE(IsRefused<uint64_t>(element)) << element;
  }
}

TEST(JsonScanTest, NarrowIntegersAreTruncated) {
  EXPECT_EQ(Read<int8_t>("[300,-129]", 2), (std::vector<int8_t>{44, 127}));
  EXPECT_EQ(Read<uint8_t>("[256,511]", 2), (std::vector<uint8_t>{0, 255}));
}

TEST(JsonScanTest, ReadsNumbersOfEveryFormAsRapidJsonDoes) {
  for (const char* number : {"0",
                             "-0",
                             "-0.0",
                             "0.0",
                             "1",
                             "123456789012345678",
                             "-123456789012345678",
                             "1e5",
                             "1E+05",
                             "12e-3",
                             "0e0",
                             "0.1",
                             "0.10000000149011612",
                             "0.9551234567890123",
                             "0.95512345678901234",
                             "9.5512345678901234",
                             "1.0e99",
                             "9007199254740993.0",
                             "9007199254740992.5",
                             "900719925474099199.9",
                             "123456.789012345678901234567890",
                             "0.00000000000000000000000000000000012345678901234567",
                             "0.000012345678901234567e-30",
                             "5.0e-99"}) {
    ExpectReadAsEver(number);
  }
}

TEST(JsonScanTest, ReadsRandomNumbersAsRapidJsonDoes) {
  std::mt19937_64 random(1);
  char text[64];
  for (int i = 0; i < 200'000; ++i) {
    const double value = static_cast<double>(static_cast<int64_t>(random())) / 1e18 * std::pow(10.0, random() % 7);
    const int digits = static_cast<int>(random() % 22);
    const char* const form = i % 4 == 0 ? "%.*e" : i % 4 == 1 ? "%.*f" : "%.*g";
    std::snprintf(text, sizeof(text), form, digits, i % 3 == 0 ? static_cast<float>(value) : value);
    ExpectReadAsEver(text);
  }
}

TEST(JsonScanTest, ReadsStringsWithTheirEscapes) {
  EXPECT_EQ(Strings(R"([["a",""],"long enough for a word and a \"quote\" in it"])"),
            (std::vector<std::string>{"a", "", "long enough for a word and a \"quote\" in it"}));
  EXPECT_EQ(Strings(R"(["\/\\\b\f\n\r\t","\u0041\u00e4\u20AC\uD83D\ude00"])"),
            (std::vector<std::string>{"/\\\b\f\n\r\t", "A\u00e4\u20ac\U0001F600"}));
  EXPECT_EQ(Strings(R"(["\u0000"])"), std::vector<std::string>{std::string(1, '\0')});
  EXPECT_EQ(Strings("[\"no UTF-8: \xff\"]"), std::vector<std::string>{"no UTF-8: \xff"});
  EXPECT_EQ(Strings("[1]"), std::vector<std::string>{"refused"});
}

}  // namespace
}  // namespace neso
