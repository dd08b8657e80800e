#include "frontend/restricted_apis.h"

#include <gtest/gtest.h>

namespace neso {
namespace {

TEST(RestrictedApisTest, OnlyTheExactValueMatches) {
  const RestrictedApi rule{.header = "key", .value = "secret"};
  EXPECT_TRUE(rule.Matches("secret"));
  for (const char* wrong : {"", "s", "Secret", "secreT", "secre", "secret1", "secretsecret", " secret"}) {
    EXPECT_FALSE(rule.Matches(wrong)) << wrong;
  }
  EXPECT_FALSE(rule.Matches({}));
}

TEST(RestrictedApisTest, ACategoryHasOneRule) {
  RestrictedApis apis;
  EXPECT_TRUE(apis.empty());
  EXPECT_TRUE(apis.Add(ApiCategory::kTrace, {.header = "a", .value = "1"}));
  EXPECT_FALSE(apis.Add(ApiCategory::kTrace, {.header = "b", .value = "2"}));
  EXPECT_TRUE(apis.Add(ApiCategory::kHealth, {.header = "b", .value = "2"}));
  EXPECT_FALSE(apis.empty());
  EXPECT_EQ(apis.Find(ApiCategory::kTrace)->header, "a");
  EXPECT_EQ(apis.Find(ApiCategory::kHealth)->header, "b");
  EXPECT_EQ(apis.Find(ApiCategory::kInference), nullptr);
}

TEST(ApiCategoryTest, NamesAreThoseOfTheOptions) {
  EXPECT_EQ(ApiCategoryFromName("health"), ApiCategory::kHealth);
  EXPECT_EQ(ApiCategoryFromName("logging"), ApiCategory::kLogging);
  EXPECT_EQ(ApiCategoryFromName("Health"), std::nullopt);
  EXPECT_EQ(ApiCategoryFromName(""), std::nullopt);
}

}  // namespace
}  // namespace neso
