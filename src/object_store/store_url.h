// The forms of a path to an object store.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace neso::object_store {

enum class Provider { kS3, kGoogle, kAzure };

// A folder of a store. Bucket and container mean the same here.
struct StoreUrl {
  Provider provider = Provider::kS3;
  std::string endpoint = {};  // "http://host:port", without a default port; empty: the provider's own
  std::string account = {};   // Azure's; may be empty when another setting names it
  std::string bucket = {};
  std::string folder = {};  // "a/b", empty for the bucket itself

  // "a/b/" with which the keys below the folder begin; empty for the bucket itself.
  std::string KeyPrefix() const { return folder.empty() ? "" : folder + "/"; }
};

// s3://bucket/path, s3://host:port/bucket/path, s3://http://host:port/bucket/path, s3://https://host/bucket/path,
// gs://bucket/path, as://account/container/path, as://account.blob.core.windows.net/container/path.
// Slashes at the end and empty folders do not count. Error: kInvalidArg with the forms that are expected.
Expected<StoreUrl> ParseStoreUrl(std::string_view path);

// "http://host:port/base" without a default port and a slash at the end. Error: kInvalidArg.
Expected<std::string> ParseEndpoint(std::string_view url);
// "host:port" of an endpoint or of any other address.
std::string_view AuthorityOf(std::string_view url);

}  // namespace neso::object_store
