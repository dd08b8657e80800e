#include "config/versions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/test_config.h"

namespace neso {
namespace {

using ::testing::ElementsAre;

TEST(ParseVersionFolderTest, TakesPlainNumbersOnly) {
  EXPECT_EQ(ParseVersionFolder("0"), 0);
  EXPECT_EQ(ParseVersionFolder("12"), 12);
  EXPECT_EQ(ParseVersionFolder("9223372036854775807"), INT64_MAX);
  for (const char* bad : {"", "01", "00", "-1", "+3", "1x", "x1", " 1", "1 ", "0x1", "1.0", "9223372036854775808"}) {
    EXPECT_EQ(ParseVersionFolder(bad), std::nullopt) << bad;
  }
}

TEST(ParseVersionFoldersTest, WarnsOfFoldersThatLookLikeMistakes) {
  const std::string folders[] = {"1", "3", "03", "abc", "warmup", "initial_state", "configs"};
  const FolderVersions found = ParseVersionFolders("m", folders);
  EXPECT_THAT(found.versions, ElementsAre(1, 3));
  EXPECT_THAT(
      found.warnings,
      ElementsAre("ignore version directory '03' of model 'm' which contains leading zeros in its directory name",
                  "ignore version directory 'abc' of model 'm' which fails to convert to integral number"));
}

TEST(FirstVersionFolderTest, IsTheLexicallyFirstVersion) {
  const std::string folders[] = {"2", "0a", "10", "warmup"};
  EXPECT_EQ(FirstVersionFolder(folders), "10");
  const std::string none[] = {"x", "abc"};
  EXPECT_EQ(FirstVersionFolder(none), "abc");
  EXPECT_EQ(FirstVersionFolder({}), "");
}

struct PolicyCase {
  const char* policy;
  std::set<int64_t> available;
  std::set<int64_t> versions;
  std::vector<int64_t> missing;
};

TEST(SelectVersionsTest, AppliesThePolicy) {
  const PolicyCase cases[] = {
      {"", {1, 2, 10}, {10}, {}},
      {"version_policy { latest { num_versions: 2 } }", {1, 2, 10}, {2, 10}, {}},
      {"version_policy { latest { num_versions: 9 } }", {1, 2}, {1, 2}, {}},
      {"version_policy { all { } }", {1, 2, 10}, {1, 2, 10}, {}},
      {"version_policy { }", {1, 2}, {1, 2}, {}},
      {"version_policy { specific { versions: [1, 7, 2] } }", {1, 2, 10}, {1, 2}, {7}},
  };
  for (const PolicyCase& c : cases) {
    Expected<VersionSelection> chosen = SelectVersions(test::ConfigFromText(c.policy), c.available);
    ASSERT_TRUE(chosen) << c.policy;
    EXPECT_EQ(chosen->versions, c.versions) << c.policy;
    EXPECT_EQ(chosen->missing, c.missing) << c.policy;
  }
}

TEST(SelectVersionsTest, AnEmptyResultIsAnError) {
  for (const char* policy :
       {"name: 'm' version_policy { latest { num_versions: 0 } }", "name: 'm' version_policy { latest { } }",
        "name: 'm' version_policy { specific { versions: 7 } }", "name: 'm' version_policy { specific { } }"}) {
    Expected<VersionSelection> chosen = SelectVersions(test::ConfigFromText(policy), {1});
    ASSERT_FALSE(chosen) << policy;
    EXPECT_EQ(chosen.error().code(), StatusCode::kInvalidArg);
    EXPECT_EQ(chosen.error().message(), "at least one version must be available under the version policy of model 'm'");
  }
  EXPECT_FALSE(SelectVersions(test::ConfigFromText(""), {}));
}

}  // namespace
}  // namespace neso
