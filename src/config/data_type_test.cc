#include "config/data_type.h"

#include <gtest/gtest.h>

namespace neso {
namespace {

TEST(DataTypeTest, NamesAreThoseOfTheConfigurationAndOfTheProtocols) {
  for (int i = inference::TYPE_INVALID; i <= inference::DataType_MAX; ++i) {
    const auto type = static_cast<inference::DataType>(i);
    EXPECT_EQ(DataTypeName(type), inference::DataType_Name(type));
  }
  EXPECT_EQ(DataTypeToProtocol(inference::TYPE_STRING), "BYTES");
  EXPECT_EQ(DataTypeToProtocol(inference::TYPE_BF16), "BF16");
  EXPECT_EQ(DataTypeName(inference::TYPE_FP16), "TYPE_FP16");
  EXPECT_EQ(DataTypeToProtocol(static_cast<inference::DataType>(99)), "<invalid>");
  EXPECT_EQ(DataTypeToProtocol(static_cast<inference::DataType>(-1)), "<invalid>");
  EXPECT_EQ(DataTypeName(static_cast<inference::DataType>(99)), "99");
}

TEST(DataTypeTest, SizesAreThoseOfTheWireFormat) {
  EXPECT_EQ(DataTypeByteSize(inference::TYPE_BOOL), 1U);
  EXPECT_EQ(DataTypeByteSize(inference::TYPE_BF16), 2U);
  EXPECT_EQ(DataTypeByteSize(inference::TYPE_FP32), 4U);
  EXPECT_EQ(DataTypeByteSize(inference::TYPE_UINT64), 8U);
  EXPECT_EQ(DataTypeByteSize(inference::TYPE_STRING), 0U);
  EXPECT_EQ(ZeroByteSize(inference::TYPE_FP32), 4U);
  EXPECT_EQ(ZeroByteSize(inference::TYPE_STRING), 4U);
}

TEST(ShapeTest, CountsElementsWithoutOverflow) {
  using Dims = std::vector<int64_t>;
  EXPECT_EQ(ElementCount(Dims{}), 1);
  EXPECT_EQ(ElementCount(Dims{3, 4}), 12);
  EXPECT_EQ(ElementCount(Dims{INT64_MAX, 2, 0}), 0);
  EXPECT_EQ(ElementCount(Dims{0, INT64_MAX, 2}), 0);
  EXPECT_EQ(ElementCount(Dims{2, -1}), std::nullopt);
  EXPECT_EQ(ElementCount(Dims{0, -1}), std::nullopt);
  EXPECT_EQ(ElementCount(Dims{INT64_MAX, 2}), std::nullopt);
}

TEST(ShapeTest, PrintsDimsAsMessagesShowThem) {
  EXPECT_EQ(DimsToString(std::vector<int64_t>{-1, 16}), "[-1,16]");
  EXPECT_EQ(DimsToString({}), "[]");
}

}  // namespace
}  // namespace neso
