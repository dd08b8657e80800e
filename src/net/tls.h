// TLS, as the rest of this room sees it.
//
// The implementation (src/tls, on OpenSSL) is a library of its own, which is opened when a server asks for TLS: a
// server of plain text pays nothing for it, and its OpenSSL never stands before one that a plug-in brings along.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/status.h"
#include "net/transport.h"

namespace neso::net {

// What a server shows and asks for.
struct TlsSettings {
  // Which protocols the client may choose from (ALPN, RFC 7301).
  enum class Protocols {
    kHttp,  // h2 or http/1.1; a client may leave it open
    kGrpc,  // h2, and the client has to ask for it
  };
  Protocols protocols = Protocols::kHttp;
  std::string certificate_file;   // PEM: the server's certificate, then those that lead to its root
  std::string key_file;           // PEM: its private key, not encrypted
  std::string client_roots_file;  // PEM: who has to have signed the client's certificate; empty: it needs none
};

// TLS over a connection's socket. Confined to the connection's strand; Read and Write only after a finished handshake.
class TlsTransport : public Transport {
 public:
  enum class Handshake { kDone, kWaiting, kFailed };
  // Goes on with the handshake as far as the socket allows. kWaiting: call again when the socket has an event.
  virtual Handshake Shake() = 0;
  // Why it failed, for a person. The peer has been told by an alert.
  virtual std::string failure() const = 0;
};

// Certificate, key and roots in use. Immutable; thread-safe.
class TlsContext {
 public:
  virtual ~TlsContext() = default;
  // The server's side of a new connection, over `socket`, which outlives it. It may outlive the context.
  virtual std::unique_ptr<TlsTransport> Accept(Transport& socket) const = 0;
};

// Reads the files. Errors: kInvalidArg with the file and the reason.
using MakeTlsContext = std::function<Expected<std::unique_ptr<TlsContext>>(const TlsSettings& settings)>;

// Opens the implementation, which lies beside the library that this code is in; once opened it stays.
// Errors: kUnavailable with the loader's reason.
Expected<MakeTlsContext> OpenTlsLibrary();
// What the implementation exports, as "neso_tls_entry": the function behind MakeTlsContext.
using TlsEntry = Expected<std::unique_ptr<TlsContext>> (*)(const TlsSettings& settings);

}  // namespace neso::net
