#include "object_store/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace neso::object_store {
namespace {

using ::testing::HasSubstr;

TEST(CredentialFileTest, TheLongestPrefixWins) {
  const auto file = ParseCredentialFile(R"({
    "gs": {"": "/default.json", "gs://other": "/other.json"},
    "s3": {"": {"key_id": "a", "secret_key": "b"}, "s3://bucket": {"key_id": "c"}, "s3://bucket/deep": {"key_id": "d"}}})");
  ASSERT_TRUE(file.ok()) << file.status().ToString();
  std::string prefix;
  EXPECT_EQ(file->Find("s3", "s3://bucket/deep/m", prefix)->at("key_id"), "d");
  EXPECT_EQ(prefix, "s3://bucket/deep");
  prefix.clear();
  EXPECT_EQ(file->Find("s3", "s3://bucket/m", prefix)->at("key_id"), "c");
  prefix.clear();
  EXPECT_EQ(file->Find("s3", "s3://b", prefix)->at("key_id"), "a");
  prefix.clear();
  EXPECT_EQ(file->Find("gs", "gs://other/m", prefix)->at("file"), "/other.json");
  EXPECT_EQ(file->Find("as", "as://a/b", prefix), nullptr);
}

TEST(CredentialFileTest, ErrorsNameThePlace) {
  EXPECT_THAT(ParseCredentialFile("[]").status().message(), HasSubstr("expected an object"));
  EXPECT_THAT(ParseCredentialFile(R"({"s3": 1})").status().message(), HasSubstr("\"s3\""));
  EXPECT_THAT(ParseCredentialFile(R"({"s3": {"p": 1}})").status().message(), HasSubstr("'p'"));
  EXPECT_THAT(ParseCredentialFile(R"({"s3": {"p": {"key_id": 1}}})").status().message(), HasSubstr("\"key_id\""));
  EXPECT_FALSE(ParseCredentialFile("").ok());
}

TEST(IniFileTest, ReadsProfiles) {
  const IniFile file = ParseIni(
      "before = 1\n[default]\r\naws_access_key_id = a\r\n# no\n;no\n[profile  b]\nregion=eu\n  nested = 1\nbroken\n[x\ny=z\n");
  EXPECT_EQ(file.at("default").at("aws_access_key_id"), "a");
  EXPECT_EQ(file.at("profile  b").at("region"), "eu");
  EXPECT_EQ(file.at("profile  b").size(), 1U);
}

}  // namespace
}  // namespace neso::object_store
