#include "object_store/store_url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace neso::object_store {
namespace {

using ::testing::HasSubstr;

struct Case {
  const char* path;
  const char* endpoint;
  const char* account;
  const char* bucket;
  const char* folder;
};

TEST(StoreUrlTest, KnowsAllForms) {
  const Case cases[] = {
      {"s3://bucket", "", "", "bucket", ""},
      {"s3://bucket/", "", "", "bucket", ""},
      {"s3://bucket/a/b/", "", "", "bucket", "a/b"},
      {"s3://bucket//a//b", "", "", "bucket", "a/b"},
      {"s3://bucket.with.dots/a", "", "", "bucket.with.dots", "a"},
      {"s3://localhost:9000/bucket/a", "http://localhost:9000", "", "bucket", "a"},
      {"s3://http://host:9000/bucket/a", "http://host:9000", "", "bucket", "a"},
      {"s3://https://host:443/bucket", "https://host", "", "bucket", ""},
      {"s3://https://host/bucket/a", "https://host", "", "bucket", "a"},
      {"s3://http://host:80/bucket/a", "http://host", "", "bucket", "a"},
      {"s3://http://[::1]:9000/bucket/a", "http://[::1]:9000", "", "bucket", "a"},
      {"gs://bucket_1/a/b", "", "", "bucket_1", "a/b"},
      {"as://account/container/a", "", "account", "container", "a"},
      {"as://account.blob.core.windows.net/container/a/b", "https://account.blob.core.windows.net", "account",
       "container", "a/b"},
  };
  for (const Case& expected : cases) {
    const Expected<StoreUrl> url = ParseStoreUrl(expected.path);
    ASSERT_TRUE(url.ok()) << expected.path << ": " << url.status().ToString();
    EXPECT_EQ(url->endpoint, expected.endpoint) << expected.path;
    EXPECT_EQ(url->account, expected.account) << expected.path;
    EXPECT_EQ(url->bucket, expected.bucket) << expected.path;
    EXPECT_EQ(url->folder, expected.folder) << expected.path;
  }
}

TEST(StoreUrlTest, RefusesWhatIsNone) {
  for (const char* path : {"s3://", "gs://", "as://", "as://account", "as://account/", "s3://http://",
                           "s3://http://host:1", "s3://bu cket/a", "s3://bucket/../other", "s3://bucket/a/./b",
                           "s3://../a", "gs://b@d/a", "file:///a", "s3", "", "s3://http://ho st/bucket"}) {
    EXPECT_FALSE(ParseStoreUrl(path).ok()) << path;
  }
  EXPECT_THAT(ParseStoreUrl("s3://").status().message(), HasSubstr("expected s3://bucket/path"));
}

TEST(StoreUrlTest, EndpointsAreWithoutWhatGoesWithoutSaying) {
  EXPECT_EQ(*ParseEndpoint("http://127.0.0.1:10000/devstoreaccount1/"), "http://127.0.0.1:10000/devstoreaccount1");
  EXPECT_EQ(*ParseEndpoint("https://host:443"), "https://host");
  EXPECT_FALSE(ParseEndpoint("ftp://host").ok());
  EXPECT_EQ(*ParseEndpoint("http://[::1]:80"), "http://[::1]");
  for (const char* url : {"http://", "http://:80", "http://host:80:80", "http://::1", "http://[]", "http://host/a b",
                          "http://host/a?b", "http://host/a\r\nb"}) {
    EXPECT_FALSE(ParseEndpoint(url).ok()) << url;
  }
  EXPECT_EQ(AuthorityOf("https://host:1/a?b"), "host:1");
}

}  // namespace
}  // namespace neso::object_store
