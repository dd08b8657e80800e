#include "frontend/http/cors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace neso {
namespace {

using ::testing::HasSubstr;

TEST(CorsTest, NobodyIsAllowedAtFirst) { EXPECT_TRUE(CorsPolicy().empty()); }

TEST(CorsTest, OriginsAreAddedUp) {
  CorsPolicy policy;
  ASSERT_TRUE(policy.Allow("https://App.Example.com, http://localhost:3000").ok());
  ASSERT_TRUE(policy.Allow("http://[::1]:8080").ok());
  EXPECT_EQ(policy.ToString(), "http://[::1]:8080,http://localhost:3000,https://app.example.com");
  ASSERT_TRUE(policy.Allow("*").ok());
  EXPECT_EQ(policy.ToString(), "*");
}

TEST(CorsTest, WhatNoBrowserSendsIsRefused) {
  for (const char* origin : {"", "example.com", "https://", "https://example.com/", "https://example.com/app",
                             "https://*.example.com", "https://a.com https://b.com", "://x", "https://a,,"}) {
    CorsPolicy policy;
    const Status status = policy.Allow(origin);
    EXPECT_FALSE(status.ok()) << origin;
    EXPECT_THAT(status.message(), HasSubstr("expected * or origins such as")) << origin;
  }
}

}  // namespace
}  // namespace neso
