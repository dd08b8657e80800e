// What a connection with TLS begins with: whom it trusts, and the certificate that it shows.
//
// Made of the files for each connection, so that new ones hold from the next connection on; connections are seldom made.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "neso/backend/status.h"
#include "settings.h"

namespace neso::redis_cache {

struct FreeTlsContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using TlsContext = std::unique_ptr<SSL_CTX, FreeTlsContext>;

// TLS 1.2 or later, by the system's rules otherwise. Errors: INVALID_ARG "'<setting>': cannot use '<file>' as ...: <reason>".
backend::Result<TlsContext> MakeTlsContext(const TlsSettings& settings);

// The first error that OpenSSL noted for this thread, which are all forgotten then; "unknown reason" if there is none.
std::string TakeTlsError();

}  // namespace neso::redis_cache
