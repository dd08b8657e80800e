#include "server/hardening.h"

#include <gtest/gtest.h>

#include "server/options_testing.h"

namespace neso {
namespace {

TEST(HardeningTest, OneSwitchMakesAllOfThemStrict) {
  const Options options = Accept({"--hardened"});
  EXPECT_EQ(options.access.local_apis, kManagementRights);
  ASSERT_TRUE(options.access.allowed_hosts);
  EXPECT_TRUE(options.access.allowed_hosts->empty());
  EXPECT_TRUE(options.access.check_origin);
  EXPECT_TRUE(options.access.refuse_early);
  EXPECT_FALSE(options.access.allow_load_files);
  EXPECT_EQ(options.access.max_requests, 10'000u);
  for (const net::ServiceLimits& limits : {options.http.limits, options.grpc.limits}) {
    EXPECT_EQ(limits.max_connections, 10'000u);
    EXPECT_EQ(limits.head_timeout.count(), 10'000);
    EXPECT_EQ(limits.progress_timeout.count(), 30'000);
    EXPECT_EQ(limits.idle_timeout.count(), 600'000);
    EXPECT_EQ(limits.min_bytes_per_second, 1024u);
  }
  EXPECT_EQ(options.grpc.limits.max_unread_bytes, 128u << 20);
}

TEST(HardeningTest, WhatIsGivenStays) {
  for (const std::vector<std::string>& order :
       {std::vector<std::string>{"--hardened", "--allowed-hosts=any", "--allow-load-files=true", "--local-apis=none",
                                 "--max-requests=0", "--check-origin=false", "--refuse-early=false",
                                 "--http-limit=head-timeout-ms=7", "--grpc-limit=connections=8"},
        {"--http-limit=head-timeout-ms=7", "--grpc-limit=connections=8", "--allowed-hosts=any",
         "--allow-load-files=true", "--local-apis=none", "--max-requests=0", "--check-origin=false",
         "--refuse-early=false", "--hardened"}}) {
    const Options options = Accept(order);
    EXPECT_FALSE(options.access.allowed_hosts);
    EXPECT_TRUE(options.access.allow_load_files);
    EXPECT_TRUE(options.access.local_apis.empty());
    EXPECT_EQ(options.access.max_requests, SIZE_MAX);
    EXPECT_FALSE(options.access.check_origin || options.access.refuse_early);
    EXPECT_EQ(options.http.limits.head_timeout.count(), 7);
    EXPECT_EQ(options.http.limits.max_connections, 10'000u);
    EXPECT_EQ(options.grpc.limits.max_connections, 8u);
    EXPECT_EQ(options.grpc.limits.head_timeout.count(), 10'000);
  }
}

}  // namespace
}  // namespace neso
