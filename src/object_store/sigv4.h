// AWS Signature Version 4 for requests without a body.
// Source: "Authenticating Requests: Using the Authorization Header (AWS Signature Version 4)", Amazon S3 API reference.
//
// libcurl signs, too; but which requests it signs right depends on its release: that of Debian 12 neither sorts the
// query nor encodes paths as S3 wants them.
#pragma once

#include <chrono>
#include <string>

#include "object_store/http_client.h"

namespace neso::object_store {

struct AwsKey {
  std::string id;  // empty: anonymous
  std::string secret;
  std::string session_token;  // of keys that expire
};

// Adds the headers that prove the key. `path` and `query` are the request's, encoded as they are sent.
void SignAws(const AwsKey& key, const std::string& region, const std::string& service,
             std::chrono::system_clock::time_point now, const std::string& path, const std::string& query,
             HttpRequest& request);

}  // namespace neso::object_store
