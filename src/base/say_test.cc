#include "base/say.h"

#include <gtest/gtest.h>

namespace neso {
namespace {

TEST(SayTest, PeopleSeeNoControlsAndProgramsGetUtf8) {
  testing::internal::CaptureStdout();
  Say("a\x1b[J\n");
  SayJson("{\"folder\":\"a\xff\"}");
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "a?[J\n{\"folder\":\"a\u00ff\"}\n");
}

}  // namespace
}  // namespace neso
