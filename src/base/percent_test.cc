#include "base/percent.h"

#include <gtest/gtest.h>

namespace neso {
namespace {

TEST(PercentTest, DecodesBytes) {
  EXPECT_EQ(DecodePercents("a%2Fb%2fc%20"), "a/b/c ");
  EXPECT_EQ(DecodePercents("%00%ff"), std::string("\0\xff", 2));
}

TEST(PercentTest, LeavesWhatIsNoByte) {
  for (const char* const text : {"", "100%", "%2", "%2g", "%g2", "%%", "plain"}) EXPECT_EQ(DecodePercents(text), text);
}

}  // namespace
}  // namespace neso
