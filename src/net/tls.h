// TLS, as the rest of this room sees it.
//
// The implementation (src/tls, on OpenSSL) is a library of its own, which is opened when somebody asks for TLS: a
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

// What a client shows, and whom it trusts.
struct TlsClientSettings {
  enum class Format { kPem, kDer };
  std::string roots_file;        // PEM: who has to have signed the server's certificate; empty: whom the system trusts
  std::string certificate_file;  // the client's own, in PEM with those that lead to its root; empty: it has none
  std::string key_file;          // its private key, not encrypted
  Format certificate_format = Format::kPem;
  Format key_format = Format::kPem;
  bool verifies_server = true;
  bool verifies_host = true;  // that the server's certificate is for the name it is called by
};

// TLS over a connection's socket. Confined to the connection's strand; Read and Write only after a finished handshake.
class TlsTransport : public Transport {
 public:
  enum class Handshake { kDone, kWaiting, kFailed };
  // Goes on with the handshake as far as the socket allows. kWaiting: call again when the socket has an event.
  virtual Handshake Shake() = 0;
  // Why it failed, for a person. The peer has been told by an alert, if it is to blame.
  virtual std::string failure() const = 0;
};

// Certificate, key and roots in use. Immutable; thread-safe.
class TlsContext {
 public:
  virtual ~TlsContext() = default;
  // The server's side of a new connection, over `socket`, which outlives it. It may outlive the context.
  virtual std::unique_ptr<TlsTransport> Accept(Transport& socket) const = 0;
};

// What the connections of a client have in common. Immutable; thread-safe.
class TlsClientContext {
 public:
  enum class Protocol { kHttp1, kHttp2 };
  virtual ~TlsClientContext() = default;
  // The client's side of a new connection to `host`, over `socket`, which outlives it. It may outlive the context. The
  // handshake fails with a server that does not agree to HTTP/2, if that is asked for.
  virtual std::unique_ptr<TlsTransport> Connect(Transport& socket, const std::string& host,
                                                Protocol protocol) const = 0;
};

// Read the files. Errors: kInvalidArg with the file and the reason.
using MakeTlsContext = std::function<Expected<std::unique_ptr<TlsContext>>(const TlsSettings& settings)>;
using MakeTlsClientContext =
    std::function<Expected<std::unique_ptr<TlsClientContext>>(const TlsClientSettings& settings)>;

// Open the implementation, which lies beside the library that this code is in; once opened it stays.
// Errors: kUnavailable with the loader's reason.
Expected<MakeTlsContext> OpenTlsLibrary();
Expected<MakeTlsClientContext> OpenTlsClientLibrary();
// What the implementation exports, as "neso_tls_entry": the functions behind them.
struct TlsEntry {
  Expected<std::unique_ptr<TlsContext>> (*make_server)(const TlsSettings& settings);
  Expected<std::unique_ptr<TlsClientContext>> (*make_client)(const TlsClientSettings& settings);
};

}  // namespace neso::net
