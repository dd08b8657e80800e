// What Azure Blob Storage is asked with: an account's key, or a token of the machine's identity.
//
// AZURE_STORAGE_AUTH_TYPE, or "auth_type" of the credential file's entry, chooses: "key" (the default) signs with
// AZURE_STORAGE_KEY, or asks anonymously without one; "managed_identity" asks the machine for a token; "default" takes the
// key if there is one, else a secret or a federated token of an application (AZURE_CLIENT_SECRET,
// AZURE_FEDERATED_TOKEN_FILE), else the machine.
// AZURE_STORAGE_CONNECTION_STRING gives account, key and address in one.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/mutex.h"
#include "base/status.h"
#include "object_store/http_client.h"
#include "object_store/settings.h"
#include "object_store/token_request.h"

namespace neso::object_store {

struct AzureSettings {
  std::string account;
  std::string key;  // Base64
  std::string auth_type;
  std::string client_id;
  std::string endpoint;  // "http://127.0.0.1:10000/devstoreaccount1"; empty: the account's own
};
// From the entry, or else the environment. Error: kInvalidArg for an address.
Expected<AzureSettings> ReadAzureSettings(const std::optional<CredentialEntry>& entry);

// Thread-safe.
class AzureCredentials {
 public:
  // `client` outlives this.
  AzureCredentials(HttpClient& client, std::optional<CredentialEntry> entry);

  Expected<AzureSettings> Settings() const { return ReadAzureSettings(entry_); }
  // Adds what proves the identity. `resource`: "/<account>/<container>/<blob>" as it is signed, with the query's
  // members in lines; headers that are signed are there already.
  Status Prove(const AzureSettings& settings, const std::string& account, const std::string& path,
               const HttpQuery& query, HttpRequest& request);
  bool Renew();
  std::string Advice() const;

 private:
  Expected<std::string> Token(const AzureSettings& settings);
  Expected<BearerToken> FetchToken(const AzureSettings& settings) const;
  Expected<BearerToken> FromMachine(const AzureSettings& settings) const;
  Expected<BearerToken> FromApplication(const AzureSettings& settings) const;

  HttpClient& client_;
  const std::optional<CredentialEntry> entry_;
  mutable Mutex mutex_;
  std::optional<BearerToken> current_ GUARDED_BY(mutex_);
  std::string used_ GUARDED_BY(mutex_);  // for people
};

// What Shared Key signs. Source: "Authorize with Shared Key", Azure Storage REST API reference.
std::string AzureStringToSign(const HttpRequest& request, const std::string& account, const std::string& path,
                              const HttpQuery& query);

}  // namespace neso::object_store
