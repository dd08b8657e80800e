// What the three stores answer, and what they are asked.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "object_store/azure_dialect.h"
#include "object_store/digest.h"
#include "object_store/google_dialect.h"
#include "object_store/s3_dialect.h"
#include "object_store/xml.h"

namespace neso::object_store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Nobody is asked.
class NoClient final : public HttpClient {
 public:
  Expected<HttpResponse> Send(const HttpRequest&, const Sink&) override { return Unavailable("nobody is there"); }
  bool Pause(std::chrono::milliseconds) override { return true; }
};

NoClient no_client;

S3Dialect MakeS3() {
  return S3Dialect(std::make_unique<AwsCredentials>(
      no_client, CredentialEntry{{"key_id", "AKID"}, {"secret_key", "secret"}, {"region", "eu-west-1"}}));
}

std::vector<std::string> NamesOf(const ObjectPage& page) {
  std::vector<std::string> names;
  for (const ObjectInfo& object : page.objects) names.push_back(object.name);
  return names;
}

TEST(S3DialectTest, ReadsListings) {
  S3Dialect s3 = MakeS3();
  const auto page = s3.ParseListing(R"(<?xml version="1.0" encoding="UTF-8"?>
    <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IsTruncated>true</IsTruncated>
      <NextContinuationToken>a/b=</NextContinuationToken>
      <Contents><Key>m/</Key><Size>0</Size><ETag>&quot;d41d&quot;</ETag></Contents>
      <Contents><Key>m/a&amp;b &#228;.bin</Key><Size>5</Size><ETag>"x-2"</ETag></Contents>
      <Contents><Key>elsewhere</Key><Size>5</Size><ETag>"x"</ETag></Contents>
      <CommonPrefixes><Prefix>m/1/</Prefix></CommonPrefixes>
      <CommonPrefixes><Prefix>m/two/names/</Prefix></CommonPrefixes></ListBucketResult>)",
                                    "m/");
  ASSERT_TRUE(page.ok()) << page.status().ToString();
  EXPECT_THAT(NamesOf(*page), ElementsAre("a&b \xC3\xA4.bin"));
  EXPECT_EQ(page->objects[0].size, 5U);
  EXPECT_EQ(page->objects[0].version, "x-2");
  EXPECT_THAT(page->folders, ElementsAre("1"));
  EXPECT_EQ(page->next, "a/b=");
}

// Who reads the error looks for a wrong key, and for none that is missing.
TEST(S3DialectTest, AKeyThatWasRefusedIsNamed) {
  AwsCredentials credentials(no_client, CredentialEntry{{"key_id", "AKID"}, {"secret_key", "no"}});
  ASSERT_TRUE(credentials.Get().ok());
  EXPECT_FALSE(credentials.Renew()) << "the entry is the same";
  EXPECT_THAT(credentials.Advice(),
              HasSubstr("with the key AKID from the entry, in region us-east-1; change the entry"));
}

TEST(S3DialectTest, RefusesWhatIsNoListing) {
  S3Dialect s3 = MakeS3();
  for (const char* body : {"", "<html/>", "<ListBucketResult>", "{}",
                           "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
                           "<ListBucketResult><Contents><Key>a</Key><Size>-1</Size></Contents></ListBucketResult>",
                           "<!DOCTYPE a [<!ENTITY b 'c'>]><ListBucketResult/>"}) {
    EXPECT_FALSE(s3.ParseListing(body, "").ok()) << body;
  }
}

TEST(S3DialectTest, AsksWhereTheBucketIs) {
  S3Dialect s3 = MakeS3();
  const ObjectListing listing{.folder = "", .recursive = false};
  EXPECT_THAT(
      s3.ListRequest(*ParseStoreUrl("s3://bucket/a"), listing)->url,
      HasSubstr("https://bucket.s3.eu-west-1.amazonaws.com/?delimiter=%2F&list-type=2&max-keys=1000&prefix=a%2F"));
  EXPECT_THAT(s3.ListRequest(*ParseStoreUrl("s3://with.dots"), listing)->url,
              HasSubstr("https://s3.eu-west-1.amazonaws.com/with.dots/?"));
  EXPECT_THAT(s3.ListRequest(*ParseStoreUrl("s3://host:9000/bucket"), listing)->url,
              HasSubstr("http://host:9000/bucket/?"));
  EXPECT_EQ(s3.ReadRequest({*ParseStoreUrl("s3://bucket/a"), "a/b c+d", "v", 5, 10})->url,
            "https://bucket.s3.eu-west-1.amazonaws.com/a/b%20c%2Bd");
}

TEST(S3DialectTest, LearnsTheRegionOfABucket) {
  S3Dialect s3 = MakeS3();
  const StoreUrl url = *ParseStoreUrl("s3://bucket/a");
  const HttpResponse elsewhere{.status = 301, .headers = {{"x-amz-bucket-region", "ap-south-1"}}};
  EXPECT_TRUE(s3.LearnFrom(url, elsewhere));
  EXPECT_FALSE(s3.LearnFrom(url, elsewhere));
  EXPECT_THAT(s3.ListRequest(url, {.folder = ""})->url, HasSubstr("https://bucket.s3.ap-south-1.amazonaws.com/"));
  EXPECT_FALSE(s3.LearnFrom(url, {.status = 301, .headers = {{"x-amz-bucket-region", "evil.example/"}}}));
}

TEST(S3DialectTest, TakesTheTagForADigestWhereItIsOne) {
  S3Dialect s3 = MakeS3();
  const std::string md5 = "d41d8cd98f00b204e9800998ecf8427e";
  EXPECT_EQ(Hex(s3.DigestsOf({.headers = {{"etag", "\"" + md5 + "\""}}}).md5), md5);
  EXPECT_EQ(s3.DigestsOf({.headers = {{"etag", "\"" + md5 + "-3\""}}}).md5, "");
  EXPECT_EQ(s3.DigestsOf({.headers = {{"etag", md5}, {"x-amz-server-side-encryption", "aws:kms"}}}).md5, "");
}

TEST(GoogleDialectTest, ReadsListingsAndDigests) {
  GoogleDialect google(std::make_unique<GoogleCredentials>(no_client, CredentialEntry{}));
  const auto page = google.ParseListing(R"({"items": [{"name": "m/x", "size": "7", "generation": "12"}, {"name": "m/"}],
                                            "prefixes": ["m/1/"], "nextPageToken": "t"})",
                                        "m/");
  EXPECT_FALSE(page.ok());  // an item without a size
  const auto good = google.ParseListing(R"({"items": [{"name": "m/x", "size": "7", "generation": "12"}],
                                            "prefixes": ["m/1/"], "nextPageToken": "t"})",
                                        "m/");
  ASSERT_TRUE(good.ok()) << good.status().ToString();
  EXPECT_THAT(NamesOf(*good), ElementsAre("x"));
  EXPECT_EQ(good->objects[0].version, "12");
  EXPECT_THAT(good->folders, ElementsAre("1"));
  EXPECT_EQ(good->next, "t");
  EXPECT_THAT(google.ParseListing("{}", "")->objects, IsEmpty());
  EXPECT_FALSE(google.ParseListing("<html>", "").ok());
  const ObjectDigests digests =
      google.DigestsOf({.headers = {{"x-goog-hash", "crc32c=n03x6A==, md5=1B2M2Y8AsgTpgAmY7PhCfg=="}}});
  EXPECT_EQ(digests.crc32c, 0x9f4df1e8U);
  EXPECT_EQ(Hex(digests.md5), "d41d8cd98f00b204e9800998ecf8427e");
}

TEST(AzureDialectTest, ReadsListings) {
  AzureDialect azure(std::make_unique<AzureCredentials>(no_client, CredentialEntry{}));
  const auto page = azure.ParseListing(
      "\xEF\xBB\xBF"
      R"(<?xml version="1.0" encoding="utf-8"?><EnumerationResults><Blobs>
      <Blob><Name>m/x</Name><Properties><Content-Length>7</Content-Length><Etag>0x8D</Etag></Properties></Blob>
      <Blob><Name Encoded="true">m/a%01b</Name><Properties><Content-Length>1</Content-Length></Properties></Blob>
      <Blob><Name>m/1</Name><Properties><Content-Length>0</Content-Length><ResourceType>directory</ResourceType>
      </Properties></Blob><BlobPrefix><Name>m/2/</Name></BlobPrefix></Blobs><NextMarker>n</NextMarker>
      </EnumerationResults>)",
      "m/");
  ASSERT_TRUE(page.ok()) << page.status().ToString();
  EXPECT_THAT(NamesOf(*page), ElementsAre("x",
                                          "a\x01"
                                          "b",
                                          "1/"));
  EXPECT_EQ(page->objects[0].version, "0x8D");
  EXPECT_THAT(page->folders, ElementsAre("2"));
  EXPECT_EQ(page->next, "n");
}

TEST(AzureDialectTest, SignsWhatTheDocumentationSigns) {
  const HttpRequest request{
      .headers = {{"x-ms-date", "Fri, 26 Jun 2015 23:39:12 GMT"}, {"x-ms-version", "2015-02-21"}}};
  EXPECT_EQ(AzureStringToSign(request, "myaccount", "/mycontainer",
                              {{"comp", "metadata"}, {"restype", "container"}, {"timeout", "20"}}),
            "GET\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:Fri, 26 Jun 2015 23:39:12 GMT\nx-ms-version:2015-02-21\n"
            "/myaccount/mycontainer\ncomp:metadata\nrestype:container\ntimeout:20");
}

TEST(XmlTest, IsBounded) {
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "<a>";
  EXPECT_THAT(ParseXml(deep, {}).message(), HasSubstr("nests too deep"));
  EXPECT_THAT(ParseXml("<!DOCTYPE lolz [<!ENTITY lol \"lol\">]><a>&lol;</a>", {}).message(),
              HasSubstr("document type"));
}

TEST(DigestTest, SignsForServiceAccountsOnlyWithKeys) {
  EXPECT_THAT(SignRs256("no key", "x").status().message(), HasSubstr("expected an RSA private key"));
  EXPECT_EQ(EncodeBase64Url("\xFB\xFF"), "-_8");
  EXPECT_EQ(Hex(Sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(FromHex("zz"), "");
}

}  // namespace
}  // namespace neso::object_store
