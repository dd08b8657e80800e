#include "tls_wire.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <utility>

#include "tls_context.h"

namespace neso::redis_cache {
namespace {

using backend::Concat;
using backend::Result;
using backend::Status;

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};

// "DNS:redis.example, issued by CN = my root", as far as it fits into a line.
std::string Describe(X509* certificate) {
  constexpr size_t kMost = 300;
  const std::unique_ptr<BIO, FreeBio> text(BIO_new(BIO_s_mem()));
  if (text == nullptr || certificate == nullptr) return "none";
  if (const int names = X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1); names >= 0) {
    X509V3_EXT_print(text.get(), X509_get_ext(certificate, names), 0, 0);
  } else {
    X509_NAME_print_ex(text.get(), X509_get_subject_name(certificate), 0, XN_FLAG_ONELINE);
  }
  BIO_puts(text.get(), ", issued by ");
  X509_NAME_print_ex(text.get(), X509_get_issuer_name(certificate), 0, XN_FLAG_ONELINE);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(text.get(), &bytes);
  std::string description(bytes, size > 0 ? static_cast<size_t>(size) : 0);
  if (description.size() > kMost) description.replace(kMost, std::string::npos, "...");
  return description;
}

std::string Trusted(const TlsSettings& settings) {
  std::string roots;
  for (const std::string& place : {settings.roots_file, settings.roots_folder}) {
    if (!place.empty()) roots += Concat(roots.empty() ? "'" : " or '", place, "'");
  }
  return roots.empty() ? "one of the system's roots" : "a root of " + roots;
}

}  // namespace

TlsWire::TlsWire(SSL_CTX* context, Socket& socket, const TlsSettings& settings)
    : socket_(socket), settings_(settings), ssl_(SSL_new(context)) {}

Result<std::unique_ptr<TlsWire>> TlsWire::Shake(SSL_CTX* context, Socket& socket, const TlsSettings& settings) {
  std::unique_ptr<TlsWire> wire(new TlsWire(context, socket, settings));
  SSL* const ssl = wire->ssl_.get();
  BIO* const bio = BIO_new(SocketMethod());
  if (ssl == nullptr || bio == nullptr) {
    BIO_free(bio);
    return Status::Unavailable("no memory for TLS");
  }
  BIO_set_data(bio, wire.get());
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl, bio, bio);
  SSL_set_app_data(ssl, wire.get());
  SSL_set_verify(ssl, SSL_VERIFY_PEER, NoteRefused);
  SSL_set_cert_cb(ssl, NoteAsked, wire.get());
  if (!wire->Name()) return Status::Unavailable("'", settings.name, "' cannot be the name of a server");
  ERR_clear_error();
  if (SSL_connect(ssl) != 1) return wire->Failure();
  return wire;
}

bool TlsWire::Name() {
  const char* const name = settings_.name.c_str();
  // Servers are told a name, never an address (RFC 6066, 3).
  if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_.get()), name) == 1) return true;
  return SSL_set_tlsext_host_name(ssl_.get(), name) == 1 && SSL_set1_host(ssl_.get(), name) == 1;
}

Result<size_t> TlsWire::Read(std::span<char> room) {
  ERR_clear_error();
  size_t got = 0;
  const int result = SSL_read_ex(ssl_.get(), room.data(), room.size(), &got);
  if (result == 1) {
    has_answered_ = true;
    return got;
  }
  const bool is_end = SSL_get_error(ssl_.get(), result) == SSL_ERROR_ZERO_RETURN;
  if (is_end && has_answered_) return size_t{0};
  return Failure();
}

Status TlsWire::Write(std::string_view bytes) {
  ERR_clear_error();
  size_t written = 0;
  return SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &written) == 1 ? Status() : Failure();
}

Status TlsWire::Failure() {
  std::string reason = Reason();
  // Who misses a certificate ends the connection, in TLS 1.3 after the handshake and not always with the reason.
  if (was_asked_ && !has_answered_ && refused_.empty() && !socket_.timed_out()) {
    const std::string& shown = settings_.certificate_file;
    reason += shown.empty() ? "; it asks for a client's certificate: expected the settings 'cert' and 'key', got none"
                            : "; it asked for a client's certificate and was shown '" + shown + "'";
  }
  return Status::Unavailable("TLS: ", reason);
}

std::string TlsWire::Reason() {
  // Redis without TLS takes a greeting for a command that goes on, and waits for its end.
  const bool is_silent = socket_.timed_out() && !has_begun_;
  if (is_other_protocol_ || is_silent) {
    return Concat("expected TLS, got ", is_silent ? "no answer in time" : "something else",
                  ": is it the port without TLS?");
  }
  if (!refused_.empty()) {
    const char* const refusal = X509_verify_cert_error_string(SSL_get_verify_result(ssl_.get()));
    return Concat(refusal, ": expected a certificate for '", settings_.name, "' that leads to ", Trusted(settings_),
                  ", got one for ", refused_);
  }
  if (!socket_failure_.ok()) return std::string(socket_failure_.message());
  return ERR_peek_error() != 0 ? TakeTlsError() : "it closed the connection";
}

int TlsWire::NoteRefused(int is_fine, X509_STORE_CTX* verified) {
  if (is_fine == 1) return 1;
  const auto* const ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(verified, SSL_get_ex_data_X509_STORE_CTX_idx()));
  static_cast<TlsWire*>(SSL_get_app_data(ssl))->refused_ = Describe(X509_STORE_CTX_get0_cert(verified));
  return 0;
}

int TlsWire::NoteAsked(SSL*, void* self) {
  static_cast<TlsWire*>(self)->was_asked_ = true;
  return 1;
}

// Not OpenSSL's own sockets: a write to a closed one raises SIGPIPE.
const BIO_METHOD* TlsWire::SocketMethod() {
  struct FreeMethod {
    void operator()(BIO_METHOD* method) const { BIO_meth_free(method); }
  };
  static const std::unique_ptr<BIO_METHOD, FreeMethod> method = [] {
    std::unique_ptr<BIO_METHOD, FreeMethod> made(BIO_meth_new(BIO_TYPE_SOURCE_SINK, "neso redis"));
    if (made != nullptr) {
      BIO_meth_set_read_ex(made.get(), ReadSocket);
      BIO_meth_set_write_ex(made.get(), WriteSocket);
      BIO_meth_set_ctrl(made.get(), ControlSocket);
    }
    return made;
  }();
  return method.get();
}

int TlsWire::ReadSocket(BIO* bio, char* data, size_t size, size_t* done) {
  auto& self = *static_cast<TlsWire*>(BIO_get_data(bio));
  Result<size_t> got = self.socket_.Read({data, size});
  if (!got.ok()) {
    self.socket_failure_ = got.TakeStatus();
    return 0;
  }
  *done = *got;
  self.socket_ended_ = *got == 0;
  if (!self.has_begun_ && *got > 0) {
    self.has_begun_ = true;
    self.is_other_protocol_ = data[0] != SSL3_RT_HANDSHAKE && data[0] != SSL3_RT_ALERT;
  }
  return *got > 0 ? 1 : 0;
}

int TlsWire::WriteSocket(BIO* bio, const char* data, size_t size, size_t* done) {
  auto& self = *static_cast<TlsWire*>(BIO_get_data(bio));
  if (Status written = self.socket_.Write({data, size}); !written.ok()) {
    self.socket_failure_ = std::move(written);
    return 0;
  }
  *done = size;
  return 1;
}

long TlsWire::ControlSocket(BIO* bio, int command, long, void*) {
  switch (command) {
    case BIO_CTRL_FLUSH: return 1;
    case BIO_CTRL_EOF: return static_cast<TlsWire*>(BIO_get_data(bio))->socket_ended_ ? 1 : 0;
    default: return 0;
  }
}

}  // namespace neso::redis_cache
