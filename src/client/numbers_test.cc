#include "client/numbers.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>

namespace neso::client {
namespace {

Number ThroughBytes(TRITONSERVER_DataType type, Number number) {
  std::string bytes;
  EXPECT_TRUE(AppendNumber(bytes, type, number).ok());
  EXPECT_EQ(bytes.size(), FactsOfDataType(type).byte_size);
  return NumberAt(type, bytes.data());
}

TEST(NumbersTest, EachDatatypeKeepsItsOwn) {
  for (int i = TRITONSERVER_TYPE_BOOL; i <= TRITONSERVER_TYPE_BF16; i++) {
    const auto type = static_cast<TRITONSERVER_DataType>(i);
    if (type == TRITONSERVER_TYPE_BYTES) continue;
    EXPECT_EQ(ThroughBytes(type, 1), 1) << FactsOfDataType(i).name;
    EXPECT_EQ(ThroughBytes(type, 0), 0) << FactsOfDataType(i).name;
  }
  EXPECT_EQ(ThroughBytes(TRITONSERVER_TYPE_UINT64, std::numeric_limits<uint64_t>::max()), 18446744073709551615.0L);
  EXPECT_EQ(ThroughBytes(TRITONSERVER_TYPE_INT64, std::numeric_limits<int64_t>::min()), -9223372036854775808.0L);
  EXPECT_EQ(ThroughBytes(TRITONSERVER_TYPE_FP32, 0.1L), Number(0.1F));
  EXPECT_EQ(ThroughBytes(TRITONSERVER_TYPE_BF16, 3.14159L), Number(3.140625F));
}

TEST(NumbersTest, EveryHalfComesBack) {
  for (unsigned half = 0; half < 0x10000; half++) {
    const float value = FloatOfHalf(static_cast<uint16_t>(half));
    if (std::isnan(value)) continue;
    EXPECT_EQ(HalfOf(value), half) << value;
  }
  EXPECT_TRUE(std::isnan(FloatOfHalf(HalfOf(std::nanf("")))));
}

TEST(NumbersTest, EveryHalfComesBackFromItsText) {
  for (unsigned half = 0; half < 0x10000; half++) {
    const float value = FloatOfHalf(static_cast<uint16_t>(half));
    const std::string text = NumberText(TRITONSERVER_TYPE_FP16, value);
    EXPECT_TRUE(std::isnan(value) || HalfOf(*ReadNumber(text)) == half) << text;
    const float brain = std::bit_cast<float>(half << 16);
    if (std::isnan(brain)) continue;
    std::string bytes;
    const std::string brain_text = NumberText(TRITONSERVER_TYPE_BF16, brain);
    ASSERT_TRUE(AppendNumber(bytes, TRITONSERVER_TYPE_BF16, *ReadNumber(brain_text)).ok()) << brain_text;
    EXPECT_EQ(NumberAt(TRITONSERVER_TYPE_BF16, bytes.data()), brain) << brain_text;
  }
  EXPECT_EQ(NumberText(TRITONSERVER_TYPE_FP16, 10008), "10008");
  EXPECT_EQ(NumberText(TRITONSERVER_TYPE_FP16, 65504), "65504");
  EXPECT_EQ(NumberText(TRITONSERVER_TYPE_FP16, FloatOfHalf(HalfOf(0.1L))), "0.1");
}

TEST(NumbersTest, HalvesAreTheNearest) {
  EXPECT_EQ(HalfOf(65519), 0x7bff);
  EXPECT_EQ(HalfOf(65520), 0x7c00);
  EXPECT_EQ(HalfOf(2049), HalfOf(2048)) << "ties go to even";
  EXPECT_EQ(HalfOf(2051), HalfOf(2052));
  EXPECT_EQ(HalfOf(std::ldexp(1.0L, -25)), 0) << "ties go to even";
  EXPECT_EQ(HalfOf(std::ldexp(1.1L, -25)), 1);
}

TEST(NumbersTest, SaysWhatADatatypeHasNot) {
  const auto complaint = [](TRITONSERVER_DataType type, Number number) {
    std::string bytes;
    return AppendNumber(bytes, type, number).message();
  };
  EXPECT_EQ(complaint(TRITONSERVER_TYPE_UINT8, 300), "300 is no UINT8 (0 to 255)");
  EXPECT_EQ(complaint(TRITONSERVER_TYPE_UINT8, -1), "-1 is no UINT8 (0 to 255)");
  EXPECT_EQ(complaint(TRITONSERVER_TYPE_INT8, 1.5), "1.5 is no INT8 (-128 to 127)");
  EXPECT_EQ(complaint(TRITONSERVER_TYPE_INT32, NAN), "nan is no INT32 (-2147483648 to 2147483647)");
  EXPECT_EQ(complaint(TRITONSERVER_TYPE_BOOL, 2), "2 is no BOOL (false, true, 0 or 1)");
  EXPECT_EQ(complaint(TRITONSERVER_TYPE_FP16, 70000), "70000 is no FP16: it is too large");
  EXPECT_EQ(complaint(TRITONSERVER_TYPE_FP32, -1e39L), "-1e+39 is no FP32: it is too large");
  EXPECT_EQ(complaint(TRITONSERVER_TYPE_BF16, 3.4e38L), "3.4e+38 is no BF16: it is too large");
  EXPECT_EQ(complaint(TRITONSERVER_TYPE_FP64, 1e400L), "1e+400 is no FP64: it is too large");
  EXPECT_EQ(complaint(TRITONSERVER_TYPE_FP16, std::numeric_limits<Number>::infinity()), "");
  EXPECT_EQ(complaint(TRITONSERVER_TYPE_BYTES, 2), "expected a text, got the number 2");
}

TEST(NumbersTest, ComeFromJson) {
  const auto taken = [](TRITONSERVER_DataType type, std::string_view json) {
    JsonDocument document;
    EXPECT_TRUE(document.Parse(json).ok());
    std::string bytes;
    const Status status = AppendJsonNumber(bytes, type, document.root());
    return status.ok() ? NumberText(type, NumberAt(type, bytes.data())) : status.message();
  };
  EXPECT_EQ(taken(TRITONSERVER_TYPE_INT64, "-9223372036854775808"), "-9223372036854775808");
  EXPECT_EQ(taken(TRITONSERVER_TYPE_UINT64, "18446744073709551615"), "18446744073709551615");
  EXPECT_EQ(taken(TRITONSERVER_TYPE_FP32, "0.1"), "0.1");
  EXPECT_EQ(taken(TRITONSERVER_TYPE_BOOL, "true"), "true");
  EXPECT_EQ(taken(TRITONSERVER_TYPE_INT8, "1.5"), "1.5 is no INT8 (-128 to 127)");
  EXPECT_EQ(taken(TRITONSERVER_TYPE_FP32, "[1]"), "expected FP32, got [1]");
}

TEST(NumbersTest, TextsAreReadAndWritten) {
  EXPECT_EQ(*ReadNumber("-1.5e2"), -150);
  EXPECT_EQ(*ReadNumber("+3"), 3);
  EXPECT_EQ(*ReadNumber("true"), 1);
  EXPECT_TRUE(std::isinf(*ReadNumber("inf")));
  EXPECT_EQ(*ReadNumber("9223372036854775807"), 9223372036854775807.0L);
  EXPECT_EQ(ReadNumber("1x").error().message(), "expected a number, got '1x'");
  EXPECT_EQ(ReadNumber("").error().message(), "expected a number, got ''");
  EXPECT_EQ(NumberText(TRITONSERVER_TYPE_FP32, Number(0.1F)), "0.1");
  EXPECT_EQ(NumberText(TRITONSERVER_TYPE_UINT64, 18446744073709551615.0L), "18446744073709551615");
  EXPECT_EQ(NumberText(TRITONSERVER_TYPE_BOOL, 1), "true");
}

TEST(NumbersTest, WhatIsNoNumberHasTheServersWordsInJson) {
  const auto json = [](float value) {
    return NumberJson(TRITONSERVER_TYPE_FP32, reinterpret_cast<const char*>(&value));
  };
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(json(0.5F), "0.5");
  EXPECT_EQ(json(kInfinity), "Infinity");
  EXPECT_EQ(json(-kInfinity), "-Infinity");
  EXPECT_EQ(json(std::numeric_limits<float>::quiet_NaN()), "NaN");
}

}  // namespace
}  // namespace neso::client
