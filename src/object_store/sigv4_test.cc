#include "object_store/sigv4.h"

#include <gtest/gtest.h>

#include <map>

namespace neso::object_store {
namespace {

// The examples of Amazon's documentation of Signature Version 4 for S3, of 24 May 2013.
const AwsKey kExampleKey{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", ""};
const auto kExampleTime = std::chrono::system_clock::from_time_t(1369353600);

std::string SignatureOf(const HttpRequest& request) {
  for (const auto& [name, value] : request.headers) {
    if (name == "Authorization") return value.substr(value.find("Signature=") + 10);
  }
  return "none";
}

TEST(SignAwsTest, SignsAReadOfAPart) {
  HttpRequest request{.url = "https://examplebucket.s3.amazonaws.com/test.txt", .headers = {{"Range", "bytes=0-9"}}};
  SignAws(kExampleKey, "us-east-1", "s3", kExampleTime, "/test.txt", "", request);
  EXPECT_EQ(SignatureOf(request), "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST(SignAwsTest, SignsAListing) {
  const std::string query = EncodeQuery({{"prefix", "J"}, {"max-keys", "2"}});
  EXPECT_EQ(query, "max-keys=2&prefix=J");
  HttpRequest request{.url = "https://examplebucket.s3.amazonaws.com/?" + query};
  SignAws(kExampleKey, "us-east-1", "s3", kExampleTime, "/", query, request);
  EXPECT_EQ(SignatureOf(request), "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST(SignAwsTest, ATokenOfASessionIsSent) {
  HttpRequest request{.url = "https://examplebucket.s3.amazonaws.com/"};
  AwsKey key = kExampleKey;
  key.session_token = "token";
  SignAws(key, "us-east-1", "s3", kExampleTime, "/", "", request);
  const std::map<std::string, std::string> headers(request.headers.begin(), request.headers.end());
  EXPECT_EQ(headers.at("x-amz-security-token"), "token");
  EXPECT_NE(headers.at("Authorization").find("x-amz-date;x-amz-security-token"), std::string::npos);
}

}  // namespace
}  // namespace neso::object_store
