#include "command/infer/fit_shape.h"

#include <gtest/gtest.h>

namespace neso::command {
namespace {

// The shape as text, or the complaint.
std::string Fitted(const Shape& wanted, bool batches, const Shape& given) {
  const auto shape = FitShape(wanted, batches, given);
  return shape ? ShapeText(*shape) : shape.error().message();
}

std::string Spread(const Shape& wanted, bool batches, uint64_t count) {
  const auto shape = SpreadShape(wanted, batches, count);
  return shape ? ShapeText(*shape) : shape.error().message();
}

TEST(FitShapeTest, TakesWhatTheModelTakes) {
  EXPECT_EQ(Fitted({-1, 3}, true, {2, 3}), "[2,3]");
  EXPECT_EQ(Fitted({-1, 3}, true, {3}), "[1,3]");
  EXPECT_EQ(Fitted({-1, -1}, true, {7}), "[1,7]");
  EXPECT_EQ(Fitted({3, 4}, false, {3, 4}), "[3,4]");
  EXPECT_EQ(Fitted({}, false, {}), "[]");
}

TEST(FitShapeTest, SaysWhatDoesNotFit) {
  EXPECT_EQ(Fitted({-1, 3}, true, {2, 4}), "expected shape [-1,3], got [2,4]");
  EXPECT_EQ(Fitted({-1, 3}, false, {3}), "expected shape [-1,3], got [3]") << "a first dimension that is no batch";
  EXPECT_EQ(Fitted({3}, false, {1, 3}), "expected shape [3], got [1,3]");
}

TEST(FitShapeTest, SpreadsValuesOverWhatIsOpen) {
  EXPECT_EQ(Spread({-1, 3}, true, 3), "[1,3]");
  EXPECT_EQ(Spread({-1, 3}, true, 6), "[2,3]");
  EXPECT_EQ(Spread({-1, -1}, true, 5), "[1,5]");
  EXPECT_EQ(Spread({-1, 2, -1}, true, 6), "[1,2,3]");
  EXPECT_EQ(Spread({-1}, false, 4), "[4]");
  EXPECT_EQ(Spread({2, 2}, false, 4), "[2,2]");
  EXPECT_EQ(Spread({}, false, 1), "[]");
}

TEST(FitShapeTest, SaysHowManyValuesThereShouldBe) {
  EXPECT_EQ(Spread({-1, 3}, true, 4), "expected a multiple of 3 values for shape [-1,3], got 4");
  EXPECT_EQ(Spread({2, 2}, false, 3), "expected 4 values for shape [2,2], got 3");
  EXPECT_EQ(Spread({-1, -1, -1}, true, 6), "6 values for shape [-1,-1,-1]: say it by --shape, or write [[1,2],[3,4]]");
  EXPECT_EQ(Spread({-1, 0}, true, 1), "expected a multiple of 0 values for shape [-1,0], got 1");
  EXPECT_EQ(Spread({INT64_MAX, INT64_MAX}, false, 1),
            "shape [9223372036854775807,9223372036854775807] has more elements than can be sent");
}

}  // namespace
}  // namespace neso::command
