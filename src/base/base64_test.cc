#include "base/base64.h"

#include <gtest/gtest.h>

namespace neso {
namespace {

TEST(Base64Test, EncodesAndDecodesEveryLength) {
  const std::string all = "foobar";
  const std::string_view encoded[] = {"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
  for (size_t n = 0; n <= all.size(); ++n) {
    EXPECT_EQ(EncodeBase64(all.substr(0, n)), encoded[n]);
    EXPECT_EQ(*DecodeBase64(encoded[n]), all.substr(0, n));
  }
}

TEST(Base64Test, SkipsLineEndsAndMissingPadding) { EXPECT_EQ(*DecodeBase64("Zm9v\r\nYmE"), "fooba"); }

TEST(Base64Test, RefusesForeignCharactersAndImpossibleLengths) {
  EXPECT_EQ(DecodeBase64("Zm!v").error().message(), "expected base64 text, got an invalid character at offset 2");
  EXPECT_FALSE(DecodeBase64("Zm9vY").ok());
}

}  // namespace
}  // namespace neso
