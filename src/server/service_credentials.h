// The certificates of the services that speak TLS, and the keys that their clients have.
#pragma once

#include <memory>

#include "base/status.h"
#include "frontend/access/access_keys.h"
#include "net/tls_credentials.h"
#include "server/options.h"

namespace neso {

// Null where a service speaks plain text.
struct ServiceCredentials {
  std::shared_ptr<net::TlsCredentials> grpc;
  std::shared_ptr<net::TlsCredentials> http;
  std::shared_ptr<net::TlsCredentials> metrics;
  std::unique_ptr<AccessKeys> keys;  // null: none are asked for
};

// Reads what the options name; without TLS nothing is loaded. Errors: kInvalidArg "GRPC service: <what is missing, or
// which file cannot be used and why>", and likewise "access keys: ...".
Expected<ServiceCredentials> LoadServiceCredentials(const Options& options);

}  // namespace neso
