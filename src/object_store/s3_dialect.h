// Amazon S3 and what speaks like it.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "object_store/aws_credentials.h"
#include "object_store/dialect.h"

namespace neso::object_store {

class S3Dialect final : public Dialect {
 public:
  // Where requests go is read from the environment: AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL (for paths that name no
  // host) and AWS_CA_BUNDLE.
  explicit S3Dialect(std::unique_ptr<AwsCredentials> credentials);

  Expected<HttpRequest> ListRequest(const StoreUrl& url, const ObjectListing& listing) override;
  Expected<HttpRequest> ReadRequest(const ObjectPart& part) override;
  Expected<ObjectPage> ParseListing(std::string_view body, const std::string& prefix) const override;
  ObjectDigests DigestsOf(const HttpResponse& response) const override;
  std::string VersionOf(const HttpResponse& response) const override;
  StoreComplaint ComplaintOf(const HttpResponse& response) const override;
  bool LearnFrom(const StoreUrl& url, const HttpResponse& response) override;
  bool RenewCredentials() override { return credentials_->Renew(); }
  std::string Advice() const override { return credentials_->Advice(); }

 private:
  Expected<HttpRequest> Request(const StoreUrl& url, const std::string& key, const HttpQuery& query,
                                HttpHeaders headers);

  const std::unique_ptr<AwsCredentials> credentials_;
  Mutex mutex_;
  std::map<std::string, std::string> regions_ GUARDED_BY(mutex_);  // by bucket, where it is not the one that was set
};

}  // namespace neso::object_store
