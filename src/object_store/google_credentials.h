// Access tokens for Google Cloud Storage.
//
// From, in this order: the file of GOOGLE_APPLICATION_CREDENTIALS, or that of the credential file's entry (a service
// account, whose key signs for a token, or an authorised user, whose refresh token is given for one); what `gcloud auth
// application-default login` left; the machine's service account (metadata server); none, which is anonymous.
#pragma once

#include <optional>
#include <string>

#include "base/mutex.h"
#include "base/status.h"
#include "object_store/http_client.h"
#include "object_store/settings.h"
#include "object_store/token_request.h"

namespace neso::object_store {

// Thread-safe.
class GoogleCredentials {
 public:
  // Without an entry the environment is asked. `client` outlives this.
  GoogleCredentials(HttpClient& client, std::optional<CredentialEntry> entry);

  // Kept for as long as it lasts. Errors: a file that was named cannot be used; a token is refused.
  Expected<std::string> Token();
  bool Renew();
  std::string Advice() const;

 private:
  Expected<BearerToken> Fetch(std::string& source) const;
  Expected<BearerToken> FromFile(const std::string& file, std::string& source) const;
  Expected<BearerToken> FromServiceAccount(const JsonValue& account) const;
  Expected<BearerToken> FromUser(const JsonValue& user) const;
  Expected<BearerToken> FromMachine() const;

  HttpClient& client_;
  const std::optional<CredentialEntry> entry_;
  mutable Mutex mutex_;
  std::optional<BearerToken> current_ GUARDED_BY(mutex_);
  std::string source_ GUARDED_BY(mutex_);
};

// What a service account signs to ask for a token: a JSON Web Token (RFC 7519), RS256. Error: kInvalidArg for its key.
Expected<std::string> MakeServiceAccountJwt(const std::string& email, const std::string& key_id,
                                            const std::string& private_key_pem, const std::string& audience,
                                            WallTime now);

}  // namespace neso::object_store
