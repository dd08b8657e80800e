#include "tls/openssl_context.h"

#include <openssl/err.h>

#include <string_view>
#include <utility>

#include "tls/openssl_error.h"
#include "tls/openssl_transport.h"

namespace neso::tls {
namespace {

using net::TlsSettings;

// Protocol names with their lengths before them (RFC 7301, 3.1), the server's favourite first.
constexpr std::string_view kHttpProtocols("\x02h2\x08http/1.1");
constexpr std::string_view kGrpcProtocols("\x02h2");

const unsigned char* Bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

int ChooseProtocol(SSL*, const unsigned char** chosen, unsigned char* chosen_size, const unsigned char* offered,
                   unsigned int offered_size, void* ours) {
  const auto& protocols = *static_cast<const std::string_view*>(ours);
  unsigned char* found = nullptr;
  const int result = SSL_select_next_proto(&found, chosen_size, Bytes(protocols),
                                           static_cast<unsigned int>(protocols.size()), offered, offered_size);
  *chosen = found;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

int DemandProtocol(SSL* ssl, int* alert, void*) {
  const unsigned char* names = nullptr;
  size_t size = 0;
  if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation, &names, &size) == 1)
    return SSL_CLIENT_HELLO_SUCCESS;
  *alert = SSL_AD_NO_APPLICATION_PROTOCOL;
  return SSL_CLIENT_HELLO_ERROR;
}

// Nobody is there to type it.
int NoPassword(char*, int, int, void*) { return -1; }

Status LoadFiles(SSL_CTX* context, const TlsSettings& settings) {
  ERR_clear_error();
  SSL_CTX_set_default_passwd_cb(context, NoPassword);
  const auto refused = [](const std::string& file, const char* use) {
    return InvalidArg("cannot use '{}' as {}: {}", file, use, TakeError());
  };
  if (SSL_CTX_use_certificate_chain_file(context, settings.certificate_file.c_str()) != 1)
    return refused(settings.certificate_file, "the server's certificate");
  if (SSL_CTX_use_PrivateKey_file(context, settings.key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context) != 1) {
    return refused(settings.key_file, "the key of the server's certificate");
  }
  const std::string& roots = settings.client_roots_file;
  if (roots.empty()) return {};
  if (SSL_CTX_load_verify_file(context, roots.c_str()) != 1) return refused(roots, "root certificates");
  STACK_OF(X509_NAME)* names = SSL_load_client_CA_file(roots.c_str());
  if (names == nullptr) return refused(roots, "root certificates");
  SSL_CTX_set_client_CA_list(context, names);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  return {};
}

void Agree(SSL_CTX* context, TlsSettings::Protocols protocols) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20");  // of TLS 1.2; 1.3 has no others
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                   SSL_OP_PRIORITIZE_CHACHA |
                                   // HTTP tells itself whether a message is complete.
                                   SSL_OP_IGNORE_UNEXPECTED_EOF);
  // Writes go on from other memory than they began with; idle connections keep no buffers.
  SSL_CTX_set_mode(context,
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  constexpr std::string_view kName("neso");
  SSL_CTX_set_session_id_context(context, Bytes(kName), static_cast<unsigned int>(kName.size()));
  const bool grpc = protocols == TlsSettings::Protocols::kGrpc;
  SSL_CTX_set_alpn_select_cb(context, ChooseProtocol,
                             const_cast<std::string_view*>(grpc ? &kGrpcProtocols : &kHttpProtocols));
  if (grpc) SSL_CTX_set_client_hello_cb(context, DemandProtocol, nullptr);
}

}  // namespace

Expected<std::unique_ptr<net::TlsContext>> OpensslContext::Make(const TlsSettings& settings) {
  // No clean-up at exit: OpenSSL may be a plug-in's too, whose threads still run then.
  OPENSSL_init_ssl(OPENSSL_INIT_NO_ATEXIT, nullptr);
  Owned raw(SSL_CTX_new(TLS_server_method()));
  if (!raw) return Unavailable("TLS cannot be had: {}", TakeError());
  Agree(raw.get(), settings.protocols);
  RETURN_IF_ERROR(LoadFiles(raw.get(), settings));
  return std::unique_ptr<net::TlsContext>(new OpensslContext(std::move(raw)));
}

std::unique_ptr<net::TlsTransport> OpensslContext::Accept(net::Transport& socket) const {
  return std::make_unique<OpensslTransport>(raw_.get(), socket);
}

}  // namespace neso::tls
