// What all TLS connections of a client share: whom it trusts, and its own certificate if it has one.
//
// TLS 1.2 and 1.3 as a server of ours agrees to them (openssl_context.h).
#pragma once

#include <openssl/ssl.h>

#include <memory>

#include "net/tls.h"

namespace neso::tls {

// Thread-safe.
class OpensslClientContext final : public net::TlsClientContext {
 public:
  // Errors: kInvalidArg "cannot use '<file>' as ...: <reason>".
  static Expected<std::unique_ptr<net::TlsClientContext>> Make(const net::TlsClientSettings& settings);

  std::unique_ptr<net::TlsTransport> Connect(net::Transport& socket, const std::string& host,
                                             Protocol protocol) const override;

 private:
  struct Free {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };
  using Owned = std::unique_ptr<SSL_CTX, Free>;
  OpensslClientContext(Owned raw, bool verifies_host) : raw_(std::move(raw)), verifies_host_(verifies_host) {}

  const Owned raw_;
  const bool verifies_host_;
};

}  // namespace neso::tls
