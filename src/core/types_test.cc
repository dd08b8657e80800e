#include "core/types.h"

#include <gtest/gtest.h>

#include "core/reshape.h"

namespace neso {
namespace {

TEST(DataTypeTest, HasNamesAndSizes) {
  for (int i = 1; i <= 14; ++i) {
    const auto type = static_cast<DataType>(i);
    EXPECT_EQ(DataTypeFromName(DataTypeName(type)), type);
    EXPECT_EQ(DataTypeByteSize(type) == 0, type == DataType::kBytes);
  }
  EXPECT_STREQ(DataTypeName(DataType::kBf16), "BF16");
  EXPECT_STREQ(DataTypeName(static_cast<DataType>(99)), "<invalid>");
  EXPECT_EQ(DataTypeFromName("<invalid>"), DataType::kInvalid);
  EXPECT_EQ(DataTypeFromName("STRING"), DataType::kInvalid);
}

TEST(ShapeTest, CountsElementsWithoutOverflow) {
  EXPECT_EQ(ElementCount({}), 1);
  EXPECT_EQ(ElementCount({2, 3}), 6);
  EXPECT_EQ(ElementCount({2, -1}), -1);
  EXPECT_EQ(ElementCount({int64_t{1} << 40, int64_t{1} << 40}), -1);
  EXPECT_EQ(ShapeText({-1, 16}), "[-1,16]");
  EXPECT_EQ(ShapeText({}), "[]");
}

TEST(ReshapeTest, CarriesVariableSizesOverInTheirOrder) {
  struct Case {
    Shape shape;
    size_t batch_dims;
    Shape from, to, expected;
  };
  const Case cases[] = {
      {{2, 6}, 1, {-1}, {-1, 1}, {2, 6, 1}},
      {{4, 5, 6}, 0, {-1, 5, -1}, {5, -1, -1}, {5, 4, 6}},
      {{8, 1}, 1, {1}, {}, {8}},
      {{8}, 1, {}, {1}, {8, 1}},
      {{8}, 1, {-1}, {-1}, {8, -1}},
  };
  for (const Case& c : cases) EXPECT_EQ(ApplyReshape(c.shape, c.batch_dims, c.from, c.to), c.expected);
}

TEST(NamedParameterTest, PointsAtItsValueAsTheCInterfaceWantsIt) {
  const NamedParameter text{"t", std::string("abc")}, number{"n", int64_t{7}};
  EXPECT_STREQ(static_cast<const char*>(text.data()), "abc");
  EXPECT_EQ(*static_cast<const int64_t*>(number.data()), 7);
  EXPECT_EQ(text.type(), TRITONSERVER_PARAMETER_STRING);
  EXPECT_EQ(number.type(), TRITONSERVER_PARAMETER_INT);
}

}  // namespace
}  // namespace neso
