#include "base/terminal_text.h"

#include <gtest/gtest.h>

namespace neso {
namespace {

using namespace std::string_literals;

TEST(TerminalTextTest, KeepsWhatIsShown) {
  EXPECT_EQ(WithoutControls("näme\t\"x\"\n漢字 \u00a0"), "näme\t\"x\"\n漢字 \u00a0");
  EXPECT_EQ(WithoutControls(""), "");
}

TEST(TerminalTextTest, LosesWhatATerminalObeys) {
  EXPECT_EQ(WithoutControls("a\x1b[2J\0b\x7f\r"s), "a?[2J?b??");
  EXPECT_EQ(WithoutControls("\u009b2J\u0080"), "??2J??");
}

TEST(TerminalTextTest, TakesHalfACharacterAtTheEnd) { EXPECT_EQ(WithoutControls("a\xc2"), "a\xc2"); }

}  // namespace
}  // namespace neso
