#include "base/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace neso {
namespace {

using ::testing::ElementsAre;

TEST(TextTest, LowersOnlyAsciiLetters) { EXPECT_EQ(ToLowerAscii("EXECution_1\xC3\x84"), "execution_1\xC3\x84"); }

TEST(TextTest, ComparesWithoutCase) {
  EXPECT_TRUE(EqualsIgnoreCaseAscii("Content-Length", "content-LENGTH"));
  EXPECT_FALSE(EqualsIgnoreCaseAscii("content", "content-length"));
  EXPECT_TRUE(EqualsIgnoreCaseAscii("", ""));
}

TEST(TextTest, ComparesEveryByteAsToLowerDoes) {
  for (const size_t at : {0, 7, 8, 10}) {
    std::string a(11, 'x'), b(11, 'X');
    for (int x = 0; x < 256; x++) {
      for (int y = 0; y < 256; y++) {
        a[at] = static_cast<char>(x);
        b[at] = static_cast<char>(y);
        ASSERT_EQ(EqualsIgnoreCaseAscii(a, b), ToLowerAscii(a) == ToLowerAscii(b)) << at << ": " << x << ", " << y;
      }
    }
  }
}

TEST(TextTest, TrimsBothSides) {
  EXPECT_EQ(TrimBlanks(" \t a b\r\n"), "a b");
  EXPECT_EQ(TrimBlanks(" \t "), "");
  EXPECT_EQ(TrimBlanks(""), "");
}

TEST(TextTest, SplitKeepsEmptyPieces) {
  EXPECT_THAT(Split("a,,b,", ','), ElementsAre("a", "", "b", ""));
  EXPECT_THAT(Split("", ','), ElementsAre(""));
}

TEST(TextTest, JoinPutsDelimitersBetween) {
  EXPECT_EQ(Join(std::vector<std::string>{"a", "b", "c"}, ", "), "a, b, c");
  EXPECT_EQ(Join(std::vector<std::string_view>{}, ", "), "");
}

TEST(TextTest, BaseNameIsTheLastPart) {
  EXPECT_EQ(BaseName("/src/base/log.cc"), "log.cc");
  EXPECT_EQ(BaseName("log.cc"), "log.cc");
}

}  // namespace
}  // namespace neso
