#include "settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace neso::redis_cache {
namespace {

using ::testing::HasSubstr;

backend::Result<Settings> Read(const std::string& json) {
  rapidjson::Document document;
  document.Parse(json);
  return ReadSettings(document);
}

std::string Refusal(const std::string& more) {
  return std::string(Read(R"({"host":"h","port":"1")" + more + "}").status().message());
}

TEST(RedisSettingsTest, ThePlaceSufficesAndTheRestHasDefaults) {
  const backend::Result<Settings> settings = Read(R"({"host":"redis.local","port":"6379"})");
  ASSERT_TRUE(settings.ok());
  EXPECT_EQ(settings->place(), "redis.local:6379");
  EXPECT_EQ(settings->user, "default");
  EXPECT_EQ(settings->pool_size, 1U);
  EXPECT_EQ(settings->wait_timeout.count(), 1000);
  EXPECT_EQ(settings->time_to_live.count(), 0);
}

TEST(RedisSettingsTest, EverythingCanBeSet) {
  const backend::Result<Settings> settings = Read(R"({"host":"h","port":"1","user":"u","password":"p","db":"3",
    "connect_timeout":"10","socket_timeout":"0","pool_size":"4","wait_timeout":"30","ttl_seconds":"60",
    "tls_enabled":"false"})");
  ASSERT_TRUE(settings.ok());
  EXPECT_EQ(settings->user, "u");
  EXPECT_EQ(settings->password, "p");
  EXPECT_EQ(settings->database, 3);
  EXPECT_EQ(settings->connect_timeout.count(), 10);
  EXPECT_EQ(settings->socket_timeout.count(), 0);
  EXPECT_EQ(settings->pool_size, 4U);
  EXPECT_EQ(settings->wait_timeout.count(), 30);
  EXPECT_EQ(settings->time_to_live.count(), 60);
}

TEST(RedisSettingsTest, UserAndPasswordMayComeFromTheEnvironment) {
  setenv("TRITONCACHE_REDIS_USERNAME", "environment", 1);
  setenv("TRITONCACHE_REDIS_PASSWORD", "secret", 1);
  EXPECT_EQ(Read(R"({"host":"h","port":"1"})")->user, "environment");
  EXPECT_EQ(Read(R"({"host":"h","port":"1"})")->password, "secret");
  EXPECT_EQ(Read(R"({"host":"h","port":"1","user":"u"})")->user, "u");
  unsetenv("TRITONCACHE_REDIS_USERNAME");
  unsetenv("TRITONCACHE_REDIS_PASSWORD");
}

TEST(RedisSettingsTest, WhatIsWrongIsNamed) {
  EXPECT_THAT(std::string(Read(R"({"port":"1"})").status().message()),
              HasSubstr("expected the settings 'host' and 'port'"));
  EXPECT_THAT(std::string(Read(R"({"host":"h"})").status().message()),
              HasSubstr("expected the settings 'host' and 'port'"));
  EXPECT_THAT(Refusal(R"(,"pool_size":"0")"), HasSubstr("'pool_size': expected a number from 1 to 1024, got '0'"));
  EXPECT_THAT(Refusal(R"(,"db":"first")"), HasSubstr("'db': expected a number"));
  EXPECT_THAT(Refusal(R"(,"ttl_seconds":"")"), HasSubstr("'ttl_seconds': expected a number"));
  EXPECT_THAT(Refusal(R"(,"pasword":"p")"), HasSubstr("unknown setting 'pasword': expected one of host, port, "));
}

TEST(RedisSettingsTest, TlsTrustsTheSystemAndExpectsTheHostsName) {
  EXPECT_FALSE(Read(R"({"host":"h","port":"1"})")->tls);
  const backend::Result<Settings> settings = Read(R"({"host":"redis.local","port":"1","tls_enabled":"true"})");
  ASSERT_TRUE(settings.ok() && settings->tls);
  EXPECT_EQ(settings->tls->name, "redis.local");
  EXPECT_EQ(settings->tls->roots_file, "");
  EXPECT_EQ(settings->tls->roots_folder, "");
  EXPECT_EQ(settings->tls->certificate_file, "");
}

TEST(RedisSettingsTest, AllOfTlsCanBeSet) {
  const backend::Result<Settings> settings =
      Read(R"({"host":"10.0.0.1","port":"1","tls_enabled":true,"cert":"c","key":"k",
    "cacert":"r","cacert_dir":"d","sni":"redis.example"})");
  ASSERT_TRUE(settings.ok() && settings->tls);
  EXPECT_EQ(settings->tls->name, "redis.example");
  EXPECT_EQ(settings->tls->roots_file, "r");
  EXPECT_EQ(settings->tls->roots_folder, "d");
  EXPECT_EQ(settings->tls->certificate_file, "c");
  EXPECT_EQ(settings->tls->key_file, "k");
}

TEST(RedisSettingsTest, TlsThatIsOffOnPurposeKeepsItsSettings) {
  const backend::Result<Settings> settings = Read(R"({"host":"h","port":"1","tls_enabled":"false","cacert":"r"})");
  ASSERT_TRUE(settings.ok());
  EXPECT_FALSE(settings->tls);
}

TEST(RedisSettingsTest, WhatIsWrongOfTlsIsNamed) {
  EXPECT_THAT(Refusal(R"(,"tls_enabled":"yes")"), HasSubstr("'tls_enabled': expected 'true' or 'false', got 'yes'"));
  EXPECT_THAT(Refusal(R"(,"tls_enabled":"")"), HasSubstr("'tls_enabled': expected 'true' or 'false', got ''"));
  EXPECT_THAT(Refusal(R"(,"cacert":"r")"), HasSubstr("'cacert' is for TLS: expected 'tls_enabled', too"));
  EXPECT_THAT(Refusal(R"(,"tls_enabled":"true","cert":"c")"), HasSubstr("'cert' and 'key' together, got only 'cert'"));
  EXPECT_THAT(Refusal(R"(,"tls_enabled":"true","key":"k")"), HasSubstr("'cert' and 'key' together, got only 'key'"));
  EXPECT_THAT(Refusal(R"(,"tls_enabled":"true","sni":"")"), HasSubstr("'sni': expected a text, got none"));
}

}  // namespace
}  // namespace neso::redis_cache
