// Azure Blob Storage.
#pragma once

#include <memory>
#include <string>

#include "object_store/azure_credentials.h"
#include "object_store/dialect.h"

namespace neso::object_store {

class AzureDialect final : public Dialect {
 public:
  explicit AzureDialect(std::unique_ptr<AzureCredentials> credentials) : credentials_(std::move(credentials)) {}

  Expected<HttpRequest> ListRequest(const StoreUrl& url, const ObjectListing& listing) override;
  Expected<HttpRequest> ReadRequest(const ObjectPart& part) override;
  Expected<ObjectPage> ParseListing(std::string_view body, const std::string& prefix) const override;
  ObjectDigests DigestsOf(const HttpResponse& response) const override;
  std::string VersionOf(const HttpResponse& response) const override;
  StoreComplaint ComplaintOf(const HttpResponse& response) const override;
  bool RenewCredentials() override { return credentials_->Renew(); }
  std::string Advice() const override { return credentials_->Advice(); }

 private:
  // `blob`: encoded, empty for the container.
  Expected<HttpRequest> Request(const StoreUrl& url, const std::string& blob, const HttpQuery& query,
                                HttpHeaders headers);

  const std::unique_ptr<AzureCredentials> credentials_;
};

}  // namespace neso::object_store
