// What all TLS connections of a server share: its certificate, and what it agrees to.
//
// TLS 1.2 with forward secrecy and authenticated encryption only, and TLS 1.3; no renegotiation, no compression, no
// early data (RFC 9325). Sessions are resumed by tickets, so a client that does not come back costs no memory.
#pragma once

#include <openssl/ssl.h>

#include <memory>

#include "net/tls.h"

namespace neso::tls {

// Thread-safe.
class OpensslContext final : public net::TlsContext {
 public:
  // Errors: kInvalidArg "cannot use '<file>' as ...: <reason>".
  static Expected<std::unique_ptr<net::TlsContext>> Make(const net::TlsSettings& settings);

  std::unique_ptr<net::TlsTransport> Accept(net::Transport& socket) const override;

 private:
  struct Free {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };
  using Owned = std::unique_ptr<SSL_CTX, Free>;
  explicit OpensslContext(Owned raw) : raw_(std::move(raw)) {}

  const Owned raw_;
};

}  // namespace neso::tls
