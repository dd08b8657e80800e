#include "base/display_width.h"

#include <gtest/gtest.h>

namespace neso {
namespace {

TEST(DisplayWidthTest, CountsColumnsNotBytes) {
  EXPECT_EQ(DisplayWidth(""), 0U);
  EXPECT_EQ(DisplayWidth("name\t"), 5U);
  EXPECT_EQ(DisplayWidth("näme"), 4U);
  EXPECT_EQ(DisplayWidth("模型"), 4U);
  EXPECT_EQ(DisplayWidth("e\xcc\x81"), 1U) << "an accent stands above its letter";
  EXPECT_EQ(DisplayWidth("a\xff\xfe"), 3U);
}

TEST(DisplayWidthTest, CutsBetweenCharacters) {
  EXPECT_EQ(FrontOfWidth("näme", 2), "nä");
  EXPECT_EQ(FrontOfWidth("模型", 3), "模");
  EXPECT_EQ(FrontOfWidth("模型", 1), "模") << "a loop that cuts piece by piece comes to its end";
  EXPECT_EQ(FrontOfWidth("e\xcc\x81t", 1), "e\xcc\x81");
  EXPECT_EQ(FrontOfWidth("abc", 9), "abc");
  EXPECT_EQ(FrontOfWidth("", 9), "");
}

}  // namespace
}  // namespace neso
