// Google Cloud Storage, by its JSON API.
#pragma once

#include <memory>
#include <string>

#include "object_store/dialect.h"
#include "object_store/google_credentials.h"

namespace neso::object_store {

// Requests go to STORAGE_EMULATOR_HOST, if that is set.
class GoogleDialect final : public Dialect {
 public:
  explicit GoogleDialect(std::unique_ptr<GoogleCredentials> credentials) : credentials_(std::move(credentials)) {}

  Expected<HttpRequest> ListRequest(const StoreUrl& url, const ObjectListing& listing) override;
  Expected<HttpRequest> ReadRequest(const ObjectPart& part) override;
  Expected<ObjectPage> ParseListing(std::string_view body, const std::string& prefix) const override;
  ObjectDigests DigestsOf(const HttpResponse& response) const override;
  std::string VersionOf(const HttpResponse& response) const override { return response.Header("x-goog-generation"); }
  StoreComplaint ComplaintOf(const HttpResponse& response) const override;
  bool RenewCredentials() override { return credentials_->Renew(); }
  std::string Advice() const override { return credentials_->Advice(); }

 private:
  // `path` begins with "/b/<bucket>/o".
  Expected<HttpRequest> Request(const std::string& path, const HttpQuery& query, HttpHeaders headers);

  const std::unique_ptr<GoogleCredentials> credentials_;
};

}  // namespace neso::object_store
