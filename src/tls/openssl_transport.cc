#include "tls/openssl_transport.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/check.h"
#include "tls/openssl_error.h"

namespace neso::tls {
namespace {

using net::IoResult;

constexpr size_t kRecordBytes = SSL3_RT_MAX_PLAIN_LENGTH;

}  // namespace

OpensslTransport::OpensslTransport(SSL_CTX* context, net::Transport& socket) : socket_(socket), ssl_(SSL_new(context)) {
  BIO* bio = BIO_new(SocketMethod());
  CHECK(ssl_ && bio != nullptr, "without memory the process cannot go on");
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_accept_state(ssl_.get());
}

OpensslTransport::OpensslTransport(SSL_CTX* context, net::Transport& socket, const ClientSide& client)
    : OpensslTransport(context, socket) {
  SSL* const ssl = ssl_.get();
  demands_protocol_ = client.demands_protocol;
  SSL_set_connect_state(ssl);
  const bool is_address = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), client.host.c_str()) == 1;
  // Servers are told a name, never an address (RFC 6066, 3).
  const bool is_named = is_address || (SSL_set_tlsext_host_name(ssl, client.host.c_str()) == 1 &&
                                       SSL_set1_host(ssl, client.host.c_str()) == 1);
  if (!client.verifies_host) {
    X509_VERIFY_PARAM_set1_ip(SSL_get0_param(ssl), nullptr, 0);
    SSL_set1_host(ssl, nullptr);
  }
  const auto* const protocols = reinterpret_cast<const unsigned char*>(client.protocols.data());
  const bool offers = SSL_set_alpn_protos(ssl, protocols, static_cast<unsigned>(client.protocols.size())) == 0;
  CHECK(is_named && offers, "without memory the process cannot go on");
}

OpensslTransport::~OpensslTransport() { SayGoodbye(); }

bool OpensslTransport::HasItsProtocol() const {
  const unsigned char* chosen = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &chosen, &size);
  return !demands_protocol_ || size > 0;
}

net::TlsTransport::Handshake OpensslTransport::Shake() {
  ERR_clear_error();
  socket_drained_ = false;
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1 && !HasItsProtocol()) {
    failure_ = "the server does not agree to HTTP/2";
    return Handshake::kFailed;
  }
  if (result == 1) {
    state_ = State::kOpen;
    return Handshake::kDone;
  }
  if (After(result) == IoResult::State::kWouldBlock) return Handshake::kWaiting;
  const long verified = SSL_get_verify_result(ssl_.get());
  if (verified != X509_V_OK && SSL_get_verify_mode(ssl_.get()) != SSL_VERIFY_NONE) {
    failure_ = X509_verify_cert_error_string(verified);
  } else {
    failure_ = ERR_peek_error() != 0 ? TakeError() : "the other side has gone";
  }
  return Handshake::kFailed;
}

IoResult OpensslTransport::Read(std::span<iovec> pieces) {
  IoResult result;
  if (state_ == State::kFailed) return {IoResult::State::kFailed, 0, true};
  ERR_clear_error();
  socket_drained_ = false;
  for (const iovec& piece : pieces) {
    size_t filled = 0;
    while (filled < piece.iov_len) {
      size_t more = 0;
      // At most one record at a time.
      const int done =
          SSL_read_ex(ssl_.get(), static_cast<char*>(piece.iov_base) + filled, piece.iov_len - filled, &more);
      if (done == 1) {
        filled += more;
        result.bytes += more;
        continue;
      }
      const IoResult::State state = After(done);
      if (result.bytes == 0) return {state, 0, true};
      result.drained = state == IoResult::State::kWouldBlock;  // otherwise the end is for the next call
      return result;
    }
  }
  return result;
}

IoResult OpensslTransport::Write(std::span<iovec> pieces) {
  IoResult result;
  if (state_ != State::kOpen) return {IoResult::State::kFailed, 0, true};
  ERR_clear_error();
  size_t offset = 0;  // in the first piece
  while (!pieces.empty()) {
    size_t done = 0;
    const IoResult::State state = WriteRecord(pieces, offset, &done);
    if (state != IoResult::State::kOk) {
      if (result.bytes == 0) result.state = state;
      return result;  // what comes of the rest is told to the next call
    }
    result.bytes += done;
    offset += done;
    while (!pieces.empty() && offset >= pieces.front().iov_len) {
      offset -= pieces.front().iov_len;
      pieces = pieces.subspan(1);
    }
  }
  return result;
}

IoResult::State OpensslTransport::WriteRecord(std::span<const iovec> pieces, size_t offset, size_t* done) {
  const char* data = static_cast<const char*>(pieces.front().iov_base) + offset;
  size_t size = std::min(pieces.front().iov_len - offset, kRecordBytes);
  // Small pieces share a record. A record that the socket did not take is made again of the same bytes, or more.
  std::array<char, kRecordBytes> gathered;
  if (size < kRecordBytes && pieces.size() > 1) {
    std::memcpy(gathered.data(), data, size);
    for (const iovec& piece : pieces.subspan(1)) {
      const size_t more = std::min(piece.iov_len, gathered.size() - size);
      if (more > 0) std::memcpy(gathered.data() + size, piece.iov_base, more);
      size += more;
    }
    data = gathered.data();
  }
  const int result = SSL_write_ex(ssl_.get(), data, size, done);
  return result == 1 ? IoResult::State::kOk : After(result);
}

void OpensslTransport::FinishWriting() {
  SayGoodbye();
  socket_.FinishWriting();
}

void OpensslTransport::SayGoodbye() {
  if (state_ != State::kOpen) return;
  state_ = State::kGoodbye;
  ERR_clear_error();
  SSL_shutdown(ssl_.get());  // if the socket is full the peer does not learn of it; waiting for it is not worth it
}

IoResult::State OpensslTransport::After(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: return IoResult::State::kWouldBlock;
    case SSL_ERROR_ZERO_RETURN: return IoResult::State::kEnd;
    default: break;
  }
  state_ = State::kFailed;
  return IoResult::State::kFailed;
}

const BIO_METHOD* OpensslTransport::SocketMethod() {
  static const BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "neso transport");
    BIO_meth_set_read_ex(made, ReadSocket);
    BIO_meth_set_write_ex(made, WriteSocket);
    BIO_meth_set_ctrl(made, ControlSocket);
    return made;
  }();
  return method;
}

int OpensslTransport::ReadSocket(BIO* bio, char* data, size_t size, size_t* done) {
  auto& self = *static_cast<OpensslTransport*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (self.socket_drained_) {
    BIO_set_retry_read(bio);
    return 0;
  }
  iovec piece{data, size};
  const IoResult result = self.socket_.Read({&piece, 1});
  // In the handshake nobody asks again to see the end behind the last bytes.
  self.socket_drained_ = result.drained && self.state_ != State::kHandshake;
  if (result.state == IoResult::State::kWouldBlock) BIO_set_retry_read(bio);
  if (result.state == IoResult::State::kEnd) self.socket_ended_ = true;
  *done = result.bytes;
  return result.state == IoResult::State::kOk ? 1 : 0;
}

int OpensslTransport::WriteSocket(BIO* bio, const char* data, size_t size, size_t* done) {
  auto& self = *static_cast<OpensslTransport*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  iovec piece{const_cast<char*>(data), size};
  const IoResult result = self.socket_.Write({&piece, 1});
  if (result.state == IoResult::State::kWouldBlock) BIO_set_retry_write(bio);
  *done = result.bytes;
  return result.state == IoResult::State::kOk ? 1 : 0;
}

long OpensslTransport::ControlSocket(BIO* bio, int command, long, void*) {
  switch (command) {
    case BIO_CTRL_FLUSH: return 1;
    case BIO_CTRL_EOF: return static_cast<OpensslTransport*>(BIO_get_data(bio))->socket_ended_ ? 1 : 0;
    default: return 0;
  }
}

}  // namespace neso::tls
