#include "frontend/access/access_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace neso {
namespace {

using ::testing::HasSubstr;

const std::string kDigest = ToHex(Sha256("neso_a_b"));

std::string WithKey(const std::string& members) {
  return R"({"keys": [{"name": "n", "id": "a", "sha256": ")" + kDigest + "\"" + members + "}]}";
}

std::string RefusalOf(const std::string& text) {
  const auto keys = ParseAccessFile(text);
  return keys ? "" : keys.error().message();
}

TEST(AccessFileTest, WhatIsNotSaidIsAsUsual) {
  const auto keys = ParseAccessFile(WithKey(""));
  ASSERT_TRUE(keys) << keys.error().message();
  ASSERT_EQ(keys->size(), 1u);
  EXPECT_EQ((*keys)[0].name, "n");
  EXPECT_EQ((*keys)[0].id, "a");
  EXPECT_EQ((*keys)[0].digest, Sha256("neso_a_b"));
  EXPECT_EQ((*keys)[0].rights, kUsersRights);
  EXPECT_TRUE((*keys)[0].SeesAll());
  EXPECT_EQ((*keys)[0].requests_per_second, 0);
  EXPECT_FALSE((*keys)[0].expires);
}

TEST(AccessFileTest, ReadsBackWhatItWrote) {
  const auto keys = ParseAccessFile(WithKey(
      R"(, "models": ["a*", "ü\"\\"], "denied_models": ["ab"], "operations": ["inference", "logging"],
           "requests_per_second": 0.25, "burst": 7, "concurrent": 3, "expires": "2027-01-31T12:30:59Z")"));
  ASSERT_TRUE(keys) << keys.error().message();
  const AccessKey& key = (*keys)[0];
  EXPECT_EQ(key.models[1], "ü\"\\");
  EXPECT_EQ(key.rights, AccessRights::Of(AccessRight::kInference, AccessRight::kLogging));
  EXPECT_EQ(key.burst, 7u);
  EXPECT_EQ(*key.expires, 1801398659);
  const auto again = ParseAccessFile(AccessFileText(*keys));
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(*again, *keys);
}

TEST(AccessFileTest, NoKeysIsAFileThatLetsNobodyIn) {
  const auto keys = ParseAccessFile(AccessFileText({}));
  ASSERT_TRUE(keys);
  EXPECT_TRUE(keys->empty());
}

TEST(AccessFileTest, WhatIsNotUnderstoodIsRefused) {
  EXPECT_NE(RefusalOf(""), "");
  EXPECT_NE(RefusalOf(WithKey("").substr(0, 60)), "");
  EXPECT_THAT(RefusalOf("[]"), HasSubstr(R"(expected {"keys": [...]})"));
  EXPECT_THAT(RefusalOf(R"({"keys": [], "more": 1})"), HasSubstr("nothing beside it"));
  EXPECT_THAT(RefusalOf(R"({"keys": {}})"), HasSubstr(R"(expected {"keys": [...]})"));
  EXPECT_EQ(RefusalOf(R"({"keys": [1]})"), "key 1: expected an object");
  EXPECT_EQ(RefusalOf(R"({"keys": [{"name": "n", "id": "a"}]})"), "key 1: 'sha256' is missing");
  EXPECT_EQ(RefusalOf(WithKey(R"(, "model": ["a"])")), "key 1: there is no member 'model'");
  EXPECT_EQ(RefusalOf(WithKey(R"(, "id": "b")")), "key 1: 'id' is given twice");
  EXPECT_THAT(RefusalOf(WithKey(R"(, "models": "a")")), HasSubstr("'models': expected a list of texts"));
  EXPECT_THAT(RefusalOf(WithKey(R"(, "models": [""])")), HasSubstr("'models': expected patterns of 1 to"));
  EXPECT_THAT(RefusalOf(WithKey(R"(, "operations": ["infer"])")), HasSubstr("there is no operation 'infer'"));
  EXPECT_THAT(RefusalOf(WithKey(R"(, "burst": 1)")), HasSubstr("'burst' needs 'requests_per_second'"));
  for (const char* rate : {"0", "-1", "\"1\"", "1e300", "NaN", "true"}) {
    EXPECT_THAT(RefusalOf(WithKey(fmt::format(", \"requests_per_second\": {}", rate))),
                HasSubstr("'requests_per_second'"));
  }
  for (const char* count : {"0", "-1", "1.5", "4294967296", "null"}) {
    EXPECT_THAT(RefusalOf(WithKey(fmt::format(", \"concurrent\": {}", count))), HasSubstr("'concurrent'"));
  }
}

TEST(AccessFileTest, NamesAndIdsAreUnique) {
  const auto two = [](const char* name, const char* id) {
    return fmt::format(R"({{"keys": [{{"name": "n", "id": "a", "sha256": "{0}"}},
                                     {{"name": "{1}", "id": "{2}", "sha256": "{0}"}}]}})",
                       kDigest, name, id);
  };
  EXPECT_EQ(RefusalOf(two("n", "b")), "two keys have the name 'n'");
  EXPECT_EQ(RefusalOf(two("m", "a")), "two keys have the id 'a'");
  EXPECT_EQ(RefusalOf(two("m", "b")), "");
}

TEST(AccessFileTest, TimesAreWholeDaysOrSecondsInUtc) {
  EXPECT_EQ(*ParseUtcTime("1970-01-01"), 0);
  EXPECT_EQ(*ParseUtcTime("2027-01-31T12:30:59Z"), 1801398659);
  EXPECT_EQ(UtcTimeText(1801398659), "2027-01-31T12:30:59Z");
  for (const char* wrong : {"", "2027", "2027-02-30", "2027-13-01", "2027-01-31T24:00:00Z", "2027-01-31T12:30:59",
                            "2027-01-31 12:30:59Z", "2027-01-31T12:30:59+01:00", "tomorrow"}) {
    EXPECT_FALSE(ParseUtcTime(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace neso
