#include "observe/tensor_text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace neso {
namespace {

template <typename T>
std::string TextOf(DataType type, const std::vector<T>& values) {
  return TensorText(type, {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)});
}

std::string Element(std::string_view text) {
  const auto size = static_cast<uint32_t>(text.size());
  return std::string(reinterpret_cast<const char*>(&size), sizeof size).append(text);
}

TEST(TensorTextTest, IntegersAreDecimals) {
  EXPECT_EQ(TextOf<int8_t>(DataType::kInt8, {-1, 65}), "-1,65");
  EXPECT_EQ(TextOf<uint8_t>(DataType::kUint8, {200, 65}), "200,65");
  EXPECT_EQ(TextOf<int16_t>(DataType::kInt16, {-300}), "-300");
  EXPECT_EQ(TextOf<uint16_t>(DataType::kUint16, {65535}), "65535");
  EXPECT_EQ(TextOf<int32_t>(DataType::kInt32, {-2147483647 - 1, 1}), "-2147483648,1");
  EXPECT_EQ(TextOf<uint32_t>(DataType::kUint32, {4294967295U}), "4294967295");
  EXPECT_EQ(TextOf<int64_t>(DataType::kInt64, {std::numeric_limits<int64_t>::min()}), "-9223372036854775808");
  EXPECT_EQ(TextOf<uint64_t>(DataType::kUint64, {std::numeric_limits<uint64_t>::max()}), "18446744073709551615");
}

TEST(TensorTextTest, RealsHaveSixDigits) {
  EXPECT_EQ(TextOf<float>(DataType::kFp32, {1.5F, -2.25F, 1e-7F, 1e20F, 0.1F}), "1.5,-2.25,1e-07,1e+20,0.1");
  EXPECT_EQ(TextOf<double>(DataType::kFp64, {1.1, 123456789.123, NAN, INFINITY, -INFINITY}),
            "1.1,1.23457e+08,nan,inf,-inf");
}

TEST(TensorTextTest, BoolsAreZeroAndOne) { EXPECT_EQ(TextOf<uint8_t>(DataType::kBool, {1, 0, 1}), "1,0,1"); }

TEST(TensorTextTest, StringsAreQuotedAndEscaped) {
  EXPECT_EQ(TensorText(DataType::kBytes, Element("a") + Element("")), R"("a","")");
  EXPECT_EQ(TensorText(DataType::kBytes, Element("q\"x,\n") + Element("b\\") + Element("é")), R"("q\"x,\n","b\\","é")");
  EXPECT_EQ(TensorText(DataType::kBytes, Element("\xFF")), "\"ÿ\"");
}

TEST(TensorTextTest, LengthsThatLieEndTheText) {
  EXPECT_EQ(TensorText(DataType::kBytes, Element("a") + std::string("\xFF\xFF\xFF\xFFz", 5)), R"("a")");
  EXPECT_EQ(TensorText(DataType::kBytes, std::string("\1\0\0", 3)), "");
  EXPECT_EQ(TensorText(DataType::kInt32, std::string_view("\1\0\0\0\2", 5)), "1");
}

TEST(TensorTextTest, HalfPrecisionIsEmpty) {
  EXPECT_EQ(TextOf<uint16_t>(DataType::kFp16, {1, 2}), "");
  EXPECT_EQ(TextOf<uint16_t>(DataType::kBf16, {1, 2}), "");
  EXPECT_EQ(TensorText(DataType::kInvalid, "abcd"), "");
}

}  // namespace
}  // namespace neso
