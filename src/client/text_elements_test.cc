#include "client/text_elements.h"

#include <gtest/gtest.h>

namespace neso::client {
namespace {

TEST(TextElementsTest, ComeBackAsTheyWere) {
  std::string bytes;
  for (const char* text : {"cat", "", "grüß"}) AppendText(bytes, text);
  EXPECT_EQ(bytes.substr(0, 7), std::string_view("\3\0\0\0cat", 7));
  EXPECT_EQ(*TextsIn(bytes), (std::vector<std::string_view>{"cat", "", "grüß"}));
  EXPECT_TRUE(TextsIn("")->empty());
}

TEST(TextElementsTest, SaysWhereALengthIsWrong) {
  EXPECT_EQ(TextsIn(std::string_view("\3\0\0\0ca", 6)).error().message(), "expected a text of 3 bytes, got 2");
  EXPECT_EQ(TextsIn("abc").error().message(), "expected the length of a text, got 3 bytes");
}

}  // namespace
}  // namespace neso::client
