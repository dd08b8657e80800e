#include "base/sha256.h"

#include <gtest/gtest.h>

namespace neso {
namespace {

// Source: the examples of FIPS 180-4 and of NIST's SHA-2 test vectors.
TEST(Sha256Test, GivesThePublishedDigests) {
  EXPECT_EQ(ToHex(Sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(ToHex(Sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(ToHex(Sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(ToHex(Sha256(std::string(1'000'000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256Test, TheProcessorsInstructionsGiveTheSame) {
  std::string text;
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(Sha256(text), Sha256WithoutInstructionsForTest(text)) << i;
    text += static_cast<char>(i * 37);
  }
}

TEST(Sha256Test, ReadsBackWhatItWrote) {
  const Sha256Digest digest = Sha256("x");
  Sha256Digest read{};
  ASSERT_TRUE(FromHex(ToHex(digest), read));
  EXPECT_TRUE(IsSameDigest(read, digest));
  for (size_t i = 0; i < digest.size(); ++i) {
    Sha256Digest other = digest;
    other[i] ^= 1;
    EXPECT_FALSE(IsSameDigest(other, digest)) << i;
  }
}

TEST(Sha256Test, TakesOnlyWholeDigestsInLowerCase) {
  const std::string text = ToHex(Sha256("x"));
  Sha256Digest read;
  EXPECT_FALSE(FromHex("", read));
  EXPECT_FALSE(FromHex(text.substr(1), read));
  EXPECT_FALSE(FromHex(text + "0", read));
  EXPECT_FALSE(FromHex("G" + text.substr(1), read));
  EXPECT_FALSE(FromHex("A" + text.substr(1), read));
}

}  // namespace
}  // namespace neso
