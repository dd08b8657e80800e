// TLS over a socket. The server's certificate has to lead to a root that is trusted, and to be for its name.
//
//   NESO_ASSIGN_OR_RETURN(const TlsContext context, MakeTlsContext(settings));
//   NESO_ASSIGN_OR_RETURN(std::unique_ptr<TlsWire> wire, TlsWire::Shake(context.get(), socket, settings));
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "neso/backend/status.h"
#include "settings.h"
#include "wire.h"

namespace neso::redis_cache {

class TlsWire final : public Wire {
 public:
  // After the handshake, which waits as `socket` does. That and `settings` outlive it.
  // Errors: UNAVAILABLE with what was expected and what came.
  static backend::Result<std::unique_ptr<TlsWire>> Shake(SSL_CTX* context, Socket& socket, const TlsSettings& settings);

  backend::Result<size_t> Read(std::span<char> room) override;
  backend::Status Write(std::string_view bytes) override;

 private:
  struct Free {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };

  TlsWire(SSL_CTX* context, Socket& socket, const TlsSettings& settings);
  // The name of the server, for it to choose by and for us to verify.
  bool Name();
  // What an operation failed for.
  backend::Status Failure();
  std::string Reason();

  // OpenSSL's calls, with the TlsWire beside theirs.
  static int NoteRefused(int is_fine, X509_STORE_CTX* verified);
  static int NoteAsked(SSL* ssl, void* self);
  static const BIO_METHOD* SocketMethod();
  static int ReadSocket(BIO* bio, char* data, size_t size, size_t* done);
  static int WriteSocket(BIO* bio, const char* data, size_t size, size_t* done);
  static long ControlSocket(BIO* bio, int command, long number, void* pointer);

  Socket& socket_;
  const TlsSettings& settings_;
  const std::unique_ptr<SSL, Free> ssl_;
  backend::Status socket_failure_;
  bool socket_ended_ = false;
  bool is_other_protocol_ = false;  // what the server began with is not TLS
  bool has_begun_ = false;          // the server has said something
  bool has_answered_ = false;       // ... inside of TLS: it has agreed to all
  bool was_asked_ = false;          // for the client's certificate
  std::string refused_;             // the server's certificate, for a person
};

}  // namespace neso::redis_cache
