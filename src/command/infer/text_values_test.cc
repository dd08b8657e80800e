#include "command/infer/text_values.h"

#include <gtest/gtest.h>

#include "client/text_elements.h"

namespace neso::command {
namespace {

std::string Complaint(std::string_view text, TRITONSERVER_DataType datatype = TRITONSERVER_TYPE_UINT8) {
  const auto values = ReadTextValues(text, datatype);
  return values ? "" : values.error().message();
}

TEST(TextValuesTest, ReadsListsOfNumbers) {
  for (const char* text : {"1,2,3", "1 2 3", " 1,\n2 3\n"}) {
    const auto values = ReadTextValues(text, TRITONSERVER_TYPE_UINT8);
    ASSERT_TRUE(values) << values.error().message();
    EXPECT_FALSE(values->has_shape);
    EXPECT_EQ(values->tensor.shape, Shape{3});
    EXPECT_EQ(values->tensor.bytes, "\1\2\3");
  }
}

TEST(TextValuesTest, BracketsSayTheShape) {
  const auto values = ReadTextValues("[[1,2,3],[4,5,6]]", TRITONSERVER_TYPE_UINT8);
  ASSERT_TRUE(values) << values.error().message();
  EXPECT_TRUE(values->has_shape);
  EXPECT_EQ(values->tensor.shape, (Shape{2, 3}));
  EXPECT_EQ(values->tensor.bytes, "\1\2\3\4\5\6");
  EXPECT_EQ(ReadTextValues("[true,false]", TRITONSERVER_TYPE_BOOL)->tensor.bytes, std::string("\1\0", 2));
  EXPECT_EQ(ReadTextValues("[]", TRITONSERVER_TYPE_UINT8)->tensor.shape, Shape{0});
}

TEST(TextValuesTest, TextsMayHaveBlanksAndInBracketsCommas) {
  const auto plain = ReadTextValues("a b,c", TRITONSERVER_TYPE_BYTES);
  EXPECT_EQ(*client::TextsIn(plain->tensor.bytes), (std::vector<std::string_view>{"a b", "c"}));
  const auto quoted = ReadTextValues(R"(["a, b", 1.5])", TRITONSERVER_TYPE_BYTES);
  EXPECT_EQ(*client::TextsIn(quoted->tensor.bytes), (std::vector<std::string_view>{"a, b", "1.5"}));
}

TEST(TextValuesTest, BracketsThatAreNoJsonAreText) {
  for (const char* text : {"[INST] hi", "[", "[a]"}) {
    const auto values = ReadTextValues(text, TRITONSERVER_TYPE_BYTES);
    ASSERT_TRUE(values) << values.error().message();
    EXPECT_FALSE(values->has_shape);
    EXPECT_EQ(*client::TextsIn(values->tensor.bytes), std::vector<std::string_view>{text});
  }
}

TEST(TextValuesTest, SaysWhatIsNoValue) {
  EXPECT_EQ(Complaint("1,two"), "expected a number, got 'two'");
  EXPECT_EQ(Complaint("1,256"), "256 is no UINT8 (0 to 255)");
  EXPECT_EQ(Complaint("[1,2"), "expected brackets such as [[1,2],[3,4]], got '[1,2'");
  EXPECT_EQ(Complaint("[1,\"two\"]"), "expected UINT8, got \"two\"");
  EXPECT_EQ(Complaint("[[1,2],[3]]"), "brackets of different lengths: expected such as [[1,2],[3,4]]");
  EXPECT_EQ(Complaint("[1,[2]]"), "brackets of different lengths: expected such as [[1,2],[3,4]]");
  EXPECT_EQ(Complaint("[[1],2]"), "brackets of different lengths: expected such as [[1,2],[3,4]]");
}

}  // namespace
}  // namespace neso::command
