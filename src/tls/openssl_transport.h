// One side of a TLS connection. Confined to the connection's strand.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "net/tls.h"

namespace neso::tls {

class OpensslTransport final : public net::TlsTransport {
 public:
  // The server's side. Keeps what it needs of `context`.
  OpensslTransport(SSL_CTX* context, net::Transport& socket);
  // The client's, which calls the server `host` and offers `protocols` (with their lengths before them, RFC 7301). Only
  // with `demands_protocol` the server has to choose one.
  struct ClientSide {
    const std::string& host;
    bool verifies_host;
    std::string_view protocols;
    bool demands_protocol;
  };
  OpensslTransport(SSL_CTX* context, net::Transport& socket, const ClientSide& client);
  // Says goodbye to the peer, if it has not been said.
  ~OpensslTransport() override;
  OpensslTransport(const OpensslTransport&) = delete;
  OpensslTransport& operator=(const OpensslTransport&) = delete;

  Handshake Shake() override;
  std::string failure() const override { return failure_; }
  net::IoResult Read(std::span<iovec> pieces) override;
  net::IoResult Write(std::span<iovec> pieces) override;
  void FinishWriting() override;
  void Abort() override { socket_.Abort(); }

 private:
  struct Free {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  // kGoodbye: close_notify is sent, and nothing more. kFailed: OpenSSL must not be asked for anything any more.
  enum class State { kHandshake, kOpen, kGoodbye, kFailed };

  // OpenSSL's way to the socket.
  static const BIO_METHOD* SocketMethod();
  static int ReadSocket(BIO* bio, char* data, size_t size, size_t* done);
  static int WriteSocket(BIO* bio, const char* data, size_t size, size_t* done);
  static long ControlSocket(BIO* bio, int command, long number, void* pointer);

  bool HasItsProtocol() const;
  // What a call of OpenSSL that did nothing means for the connection.
  net::IoResult::State After(int result);
  // As much of the pieces as one record holds, in one piece.
  net::IoResult::State WriteRecord(std::span<const iovec> pieces, size_t offset, size_t* done);
  void SayGoodbye();

  net::Transport& socket_;
  const std::unique_ptr<SSL, Free> ssl_;
  State state_ = State::kHandshake;
  bool demands_protocol_ = false;
  bool socket_drained_ = false;  // by this call: the socket need not be asked again
  bool socket_ended_ = false;
  std::string failure_;
};

}  // namespace neso::tls
