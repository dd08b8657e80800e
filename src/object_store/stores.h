// All object stores of a server: which dialect and which credentials a path means; requests that are sent again after
// faults, with back-off, and reads that go on where they were.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/mutex.h"
#include "object_store/dialect.h"
#include "object_store/http_client.h"
#include "object_store/settings.h"
#include "repository/storage/object_stores.h"

namespace neso::object_store {

// Thread-safe.
class Stores final : public ObjectStores {
 public:
  Stores(ObjectStoreHost& host, std::unique_ptr<HttpClient> client);

  Expected<ObjectPage> List(const ObjectListing& listing) override;
  Expected<ReadResult> Read(const std::string& folder, const ObjectInfo& object, uint64_t offset, uint64_t length,
                            const Sink& sink) override;
  Status CheckFile(const std::string& file, const ObjectDigests& digests) override;

 private:
  using MakeRequest = std::function<Expected<HttpRequest>(Dialect&)>;
  // An answer that is no fault; `dialect` is the one that it was asked in.
  struct Answer {
    HttpResponse response;
    std::shared_ptr<Dialect> dialect;
  };
  class Attempts;

  // Sends until there is an answer that is worth looking at: a success, or 404 or 412 where they are `expected`.
  // `what` is the object or folder, for texts. `progress`: bytes so far; what has got further has not failed.
  Expected<Answer> Ask(const std::string& path, const StoreUrl& url, const std::string& what, bool misses_expected,
                       const MakeRequest& make, const Sink& sink = nullptr, const uint64_t* progress = nullptr);
  // The entry for `path` and its prefix, if there is a credential file; read when it has not been yet.
  Expected<std::optional<CredentialEntry>> EntryFor(const std::string& path, Provider provider, std::string& prefix);
  // What speaks for `path`. With the credential file's entry of the longest prefix, if there is such a file.
  Expected<std::shared_ptr<Dialect>> DialectFor(const std::string& path, Provider provider);
  // After a refusal: false if there is nothing new to try.
  bool RenewCredentials(Dialect& dialect);

  ObjectStoreHost& host_;
  const std::unique_ptr<HttpClient> client_;
  Mutex mutex_;
  std::optional<CredentialFile> credentials_ GUARDED_BY(mutex_);
  std::map<std::string, std::shared_ptr<Dialect>> dialects_ GUARDED_BY(mutex_);  // by provider and prefix
};

}  // namespace neso::object_store
