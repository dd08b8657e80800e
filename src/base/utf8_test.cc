#include "base/utf8.h"

#include <gtest/gtest.h>

namespace neso {
namespace {

TEST(Utf8Test, ValidTextStaysAsItIs) {
  for (const char* text : {"", "plain", "\x01\n\"", "é€😀", "\xED\x9F\xBF\xEE\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(IsUtf8(text));
    EXPECT_EQ(ToUtf8(text), text);
    EXPECT_EQ(OnlyUtf8(text), text);
  }
}

TEST(Utf8Test, BytesOfNoCharacterBecomeOne) {
  EXPECT_EQ(ToUtf8("a\xFFz"), "aÿz");
  EXPECT_EQ(ToUtf8("\x80"), "\xC2\x80");
  EXPECT_EQ(ToUtf8("\xE9t\xE9"), "été");
  EXPECT_EQ(ToUtf8("\xE2\x82"), "â\xC2\x82");               // the end of a character is missing
  EXPECT_EQ(ToUtf8("\xC0\xAF"), "À¯");                      // overlong
  EXPECT_EQ(ToUtf8("\xE0\x80\x80"), "à\xC2\x80\xC2\x80");   // overlong
  EXPECT_EQ(ToUtf8("\xED\xA0\x80"), "í\xC2\xA0\xC2\x80");   // a surrogate
  EXPECT_EQ(ToUtf8("\xF4\x90\x80\x80").substr(0, 2), "ô");  // beyond Unicode
}

TEST(Utf8Test, BytesOfNoCharacterAreFoundAndLeftOut) {
  for (const char* bytes : {"\xFF", "\x80", "\xC0\xAF", "\xE0\x80\x80", "\xE2\x82", "\xED\xA0\x80", "\xF0\x80\x80\x80",
                            "\xF4\x90\x80\x80", "\xF5\x80\x80\x80"}) {
    const std::string text = "a" + std::string(bytes) + "ü";
    EXPECT_FALSE(IsUtf8(text)) << text;
    EXPECT_EQ(OnlyUtf8(text), "aü");
  }
}

}  // namespace
}  // namespace neso
