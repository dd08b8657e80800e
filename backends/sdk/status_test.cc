#include "neso/backend/status.h"

#include <gtest/gtest.h>

#include "neso/backend/log.h"
#include "neso/backend/parameters.h"
#include "neso/backend/strings.h"

namespace neso::backend {
namespace {

Status Half(int number, int& half) {
  if (number % 2 != 0) return Status::InvalidArg("number ", number, ": expected an even one");
  half = number / 2;
  return {};
}

Result<int> Quarter(int number) {
  int half = 0;
  NESO_RETURN_IF_ERROR(Half(number, half));
  int quarter = 0;
  NESO_RETURN_IF_ERROR(Half(half, quarter));
  return quarter;
}

TEST(StatusTest, CarriesCodeAndMessageThroughEarlyReturns) {
  EXPECT_EQ(*Quarter(8), 2);
  const Result<int> failed = Quarter(6);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.status().code(), TRITONSERVER_ERROR_INVALID_ARG);
  EXPECT_EQ(failed.status().message(), "number 3: expected an even one");
}

TEST(StatusTest, CopyIsAnErrorOfItsOwn) {
  Status first = Status::Unavailable("later");
  const Status copy = first.Copy();
  first = Status();
  EXPECT_TRUE(first.ok());
  EXPECT_EQ(copy.code(), TRITONSERVER_ERROR_UNAVAILABLE);
  EXPECT_EQ(copy.message(), "later");
  EXPECT_TRUE(Status().Copy().ok());
}

TEST(TextTest, ConcatJoinsTextNumbersAndShapes) {
  const std::vector<int64_t> shape = {-1, 3};
  EXPECT_EQ(Concat("x", 1, '/', true, std::string("y"), ShapeText(shape)), "x1/truey[-1,3]");
}

TEST(ParametersTest, ConvertsOrSaysWhatCouldNotBeConverted) {
  Parameters parameters;
  parameters.Add("threads", "4");
  parameters.Add("arena", "ON");
  parameters.Add("ratio", "0.5");
  parameters.Add("bad", "4x");
  EXPECT_EQ(*parameters.Or("threads", 1), 4);
  EXPECT_EQ(*parameters.Or("absent", 7), 7);
  EXPECT_TRUE(*parameters.Or("arena", false));
  EXPECT_DOUBLE_EQ(*parameters.Or("ratio", 1.0), 0.5);
  EXPECT_EQ(parameters.Or("ratio", "1"), "0.5");
  EXPECT_EQ(parameters.Or("bad", 1).status().message(), "parameter 'bad': failed to convert '4x' to integer");
  EXPECT_EQ(parameters.Or("bad", true).status().message(), "parameter 'bad': failed to convert '4x' to boolean");
}

TEST(StringsTest, ReadsWhatItWrote) {
  const std::vector<std::string_view> words = {"", "neso", "triton"};
  std::vector<std::byte> bytes(SerializedSize(words));
  WriteStrings(words, bytes.data());
  EXPECT_EQ(*ReadStrings(bytes, 3), words);
  EXPECT_EQ(*SkipStrings(bytes, 2), 12u);
}

TEST(StringsTest, RefusesLengthsThatReachBeyondTheEnd) {
  const std::vector<std::string_view> words = {"neso"};
  std::vector<std::byte> bytes(SerializedSize(words));
  WriteStrings(words, bytes.data());
  EXPECT_EQ(ReadStrings(bytes, 2).status().message(), "expected 2 string elements, got 1 in 8 bytes");
  EXPECT_EQ(ReadStrings(std::span(bytes).first(6), 1).status().message(), "string element 0: expected 4 bytes, got 2");
  EXPECT_EQ(ReadStrings(bytes, 0).status().message(), "expected 0 string elements in 8 bytes, got 8 bytes too many");
}

}  // namespace
}  // namespace neso::backend
