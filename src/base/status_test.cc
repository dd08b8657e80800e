#include "base/status.h"

#include <gtest/gtest.h>

namespace neso {
namespace {

TEST(StatusTest, SuccessHasNoMessage) {
  Status status;
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(status.message(), "");
  EXPECT_EQ(status.ToString(), "OK");
}

TEST(StatusTest, ContextGoesBeforeTheMessageAndKeepsTheCode) {
  const Status status = InvalidArg("expected {}, got {}", 1, 2).WithContext("model '{}'", "m");
  EXPECT_EQ(status.code(), StatusCode::kInvalidArg);
  EXPECT_EQ(status.ToString(), "Invalid argument: model 'm': expected 1, got 2");
}

Expected<int> Half(int x) {
  if (x % 2 != 0) return InvalidArg("{} is odd", x);
  return x / 2;
}

Expected<int> Quarter(int x) {
  ASSIGN_OR_RETURN(const int half, Half(x));
  return Half(half);
}

TEST(ExpectedTest, CarriesTheValueOrTheFirstError) {
  EXPECT_EQ(*Quarter(8), 2);
  EXPECT_EQ(Quarter(6).error().message(), "3 is odd");
  EXPECT_EQ(Quarter(7).error().message(), "7 is odd");
}

TEST(ExpectedDeathTest, ReadingAValueThatIsNotThereEndsWithTheError) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  Expected<int> odd = Half(3);
  EXPECT_DEATH(static_cast<void>(*odd), "there is no value, but an error: Invalid argument: 3 is odd");
  const Expected<std::string> text = NotFound("no text");
  EXPECT_DEATH(static_cast<void>(text->size()), "Not found: no text");
}

TEST(ExpectedDeathTest, ReadingAnErrorThatIsNotThereEnds) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const Expected<int> half = Half(4);
  EXPECT_DEATH(static_cast<void>(half.error()), "there is a value, and no error");
  EXPECT_DEATH(static_cast<void>(Status::Ok().code()), "success has no code");
  EXPECT_DEATH(static_cast<void>(Expected<int>(Status::Ok())), "success is no reason for a missing value");
}

}  // namespace
}  // namespace neso
