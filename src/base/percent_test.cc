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

TEST(PercentTest, EncodesWhatASegmentCannotHold) {
  EXPECT_EQ(EncodePercents("a-b_c.d~9"), "a-b_c.d~9");
  EXPECT_EQ(EncodePercents("a/b c%\xff"), "a%2Fb%20c%25%FF");
  EXPECT_EQ(DecodePercents(EncodePercents("a/b c%\xff")), "a/b c%\xff");
}

}  // namespace
}  // namespace neso
