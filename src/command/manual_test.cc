#include "command/manual.h"

#include <gtest/gtest.h>

namespace neso::command {
namespace {

TEST(ManualTest, ShowsWhatRoffWouldTakeForItsOwn) {
  EXPECT_EQ(RoffText("a-b\\c"), "a\\-b\\ec");
  EXPECT_EQ(RoffText(".x\n'y\nz."), "\\&.x\n\\&'y\nz.");
}

}  // namespace
}  // namespace neso::command
