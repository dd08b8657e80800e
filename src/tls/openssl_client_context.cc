#include "tls/openssl_client_context.h"

#include <openssl/err.h>

#include <string_view>
#include <utility>

#include "tls/openssl_error.h"
#include "tls/openssl_transport.h"

namespace neso::tls {
namespace {

using net::TlsClientSettings;

constexpr std::string_view kHttp1("\x08http/1.1");
constexpr std::string_view kHttp2("\x02h2");

// Nobody is there to type it.
int NoPassword(char*, int, int, void*) { return -1; }

Status Refused(const std::string& file, const char* use) {
  return InvalidArg("cannot use '{}' as {}: {}", file, use, TakeError());
}

Status Trust(SSL_CTX* context, const TlsClientSettings& settings) {
  if (!settings.verifies_server) return {};
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  const std::string& roots = settings.roots_file;
  const int loaded =
      roots.empty() ? SSL_CTX_set_default_verify_paths(context) : SSL_CTX_load_verify_file(context, roots.c_str());
  return loaded == 1 ? Status() : Refused(roots, "root certificates");
}

Status Show(SSL_CTX* context, const TlsClientSettings& settings) {
  const std::string& certificate = settings.certificate_file;
  const std::string& key = settings.key_file;
  if (certificate.empty() != key.empty()) {
    return InvalidArg("a client that shows a certificate needs its key, too: expected both, got only the {}",
                      key.empty() ? "certificate" : "key");
  }
  if (certificate.empty()) return {};
  const bool is_der = settings.certificate_format == TlsClientSettings::Format::kDer;
  const int used = is_der ? SSL_CTX_use_certificate_file(context, certificate.c_str(), SSL_FILETYPE_ASN1)
                          : SSL_CTX_use_certificate_chain_file(context, certificate.c_str());
  if (used != 1) return Refused(certificate, "the client's certificate");
  const int form = settings.key_format == TlsClientSettings::Format::kDer ? SSL_FILETYPE_ASN1 : SSL_FILETYPE_PEM;
  if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), form) != 1 || SSL_CTX_check_private_key(context) != 1)
    return Refused(key, "the key of the client's certificate");
  return {};
}

}  // namespace

Expected<std::unique_ptr<net::TlsClientContext>> OpensslClientContext::Make(const TlsClientSettings& settings) {
  // No clean-up at exit: OpenSSL may be a plug-in's too, whose threads still run then.
  OPENSSL_init_ssl(OPENSSL_INIT_NO_ATEXIT, nullptr);
  ERR_clear_error();
  Owned raw(SSL_CTX_new(TLS_client_method()));
  if (!raw) return Unavailable("TLS cannot be had: {}", TakeError());
  SSL_CTX_set_min_proto_version(raw.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(raw.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  // Writes go on from other memory than they began with.
  SSL_CTX_set_mode(raw.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(raw.get(), 1);
  SSL_CTX_set_default_passwd_cb(raw.get(), NoPassword);
  RETURN_IF_ERROR(Trust(raw.get(), settings));
  RETURN_IF_ERROR(Show(raw.get(), settings));
  return std::unique_ptr<net::TlsClientContext>(
      new OpensslClientContext(std::move(raw), settings.verifies_server && settings.verifies_host));
}

std::unique_ptr<net::TlsTransport> OpensslClientContext::Connect(net::Transport& socket, const std::string& host,
                                                                 Protocol protocol) const {
  const bool is_http2 = protocol == Protocol::kHttp2;
  return std::make_unique<OpensslTransport>(raw_.get(), socket,
                                            OpensslTransport::ClientSide{.host = host,
                                                                         .verifies_host = verifies_host_,
                                                                         .protocols = is_http2 ? kHttp2 : kHttp1,
                                                                         .demands_protocol = is_http2});
}

}  // namespace neso::tls
