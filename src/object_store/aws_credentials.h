// Keys for S3, from wherever Amazon's own tools look for them.
//
// With an entry of the credential file, only that: its key, or else its profile. Otherwise, in this order: the
// environment; the profile of AWS_PROFILE, or "default", of ~/.aws/credentials and ~/.aws/config (keys, or a role that is
// assumed with another profile's keys or with a token); a token and a role in the environment (Kubernetes); the
// container's credentials; those of the machine's role (EC2); none, which is anonymous.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "base/mutex.h"
#include "base/status.h"
#include "object_store/http_client.h"
#include "object_store/settings.h"
#include "object_store/sigv4.h"

namespace neso::object_store {

struct AwsIdentity {
  AwsKey key;
  std::string region;
  std::string source;                                                 // for people: "AWS_ACCESS_KEY_ID"
  std::optional<std::chrono::system_clock::time_point> expires = {};  // is fetched anew before that
};

// Thread-safe.
class AwsCredentials {
 public:
  // Without an entry the environment is asked. `client` outlives this.
  AwsCredentials(HttpClient& client, std::optional<CredentialEntry> entry);

  // Fetched once, and then kept for as long as it lasts. Errors: a source that was named cannot be used.
  Expected<AwsIdentity> Get();
  // Forgets what was fetched. False: it would be the same again, and is kept.
  bool Renew();
  // Where the key came from, and how to give another.
  std::string Advice() const;

 private:
  // `depth`: of profiles that take their keys from another one.
  Expected<std::optional<AwsIdentity>> FromProfile(const std::string& name, int depth) const;
  Expected<AwsIdentity> Find() const;
  Expected<AwsIdentity> FromEntry() const;
  Expected<AwsIdentity> AssumeRole(const std::string& role, const AwsIdentity& by) const;
  Expected<AwsIdentity> AssumeRoleWithToken(const std::string& role, const std::string& token_file) const;
  Expected<AwsIdentity> AskSts(HttpRequest request, const AwsIdentity* signer, const std::string& source) const;
  Expected<AwsIdentity> FromContainer(const std::string& url) const;
  // Empty when the machine has none to give.
  std::optional<AwsIdentity> FromMachine() const;

  HttpClient& client_;
  const std::optional<CredentialEntry> entry_;
  mutable Mutex mutex_;
  std::optional<AwsIdentity> current_ GUARDED_BY(mutex_);
};

}  // namespace neso::object_store
