#include "tls_context.h"

#include <openssl/err.h>

#include <cstring>
#include <filesystem>
#include <system_error>

namespace neso::redis_cache {
namespace {

using backend::Result;
using backend::Status;

// Nobody is there to type it.
int NoPassword(char*, int, int, void*) { return -1; }

template <typename... Use>
Status CannotUse(const std::string& reason, const char* setting, const std::string& file, const Use&... use) {
  return Status::InvalidArg("'", setting, "': cannot use '", file, "' as ", use..., ": ", reason);
}

// OpenSSL opens the folder's files when it looks for one, and says nothing of a folder that is not there.
Status CheckFolder(const std::string& folder) {
  std::error_code error;
  if (std::filesystem::is_directory(folder, error)) return {};
  return CannotUse(error ? error.message() : "expected a folder, got a file", "cacert_dir", folder,
                   "a folder of root certificates");
}

Status Trust(SSL_CTX* context, const TlsSettings& settings) {
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  const std::string& file = settings.roots_file;
  const std::string& folder = settings.roots_folder;
  if (file.empty() && folder.empty()) {
    if (SSL_CTX_set_default_verify_paths(context) == 1) return {};
    return Status::Unavailable("the system's root certificates cannot be had: ", TakeTlsError());
  }
  if (!file.empty() && SSL_CTX_load_verify_file(context, file.c_str()) != 1) {
    return CannotUse(TakeTlsError(), "cacert", file, "root certificates");
  }
  if (folder.empty()) return {};
  NESO_RETURN_IF_ERROR(CheckFolder(folder));
  if (SSL_CTX_load_verify_dir(context, folder.c_str()) == 1) return {};
  return CannotUse(TakeTlsError(), "cacert_dir", folder, "a folder of root certificates");
}

Status Show(SSL_CTX* context, const TlsSettings& settings) {
  const std::string& certificate = settings.certificate_file;
  const std::string& key = settings.key_file;
  if (certificate.empty()) return {};
  if (SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) != 1) {
    return CannotUse(TakeTlsError(), "cert", certificate, "the client's certificate");
  }
  SSL_CTX_set_default_passwd_cb(context, NoPassword);
  if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context) != 1) {
    return CannotUse(TakeTlsError(), "key", key, "the key of the certificate '", certificate, "'");
  }
  return {};
}

}  // namespace

Result<TlsContext> MakeTlsContext(const TlsSettings& settings) {
  // No clean-up at exit: OpenSSL may be another plug-in's too, whose threads still run then.
  OPENSSL_init_ssl(OPENSSL_INIT_NO_ATEXIT, nullptr);
  ERR_clear_error();
  TlsContext context(SSL_CTX_new(TLS_client_method()));
  if (context == nullptr) return Status::Unavailable("TLS cannot be had: ", TakeTlsError());
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  // Redis's protocol tells itself whether an answer is complete.
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  NESO_RETURN_IF_ERROR(Trust(context.get(), settings));
  NESO_RETURN_IF_ERROR(Show(context.get(), settings));
  return context;
}

std::string TakeTlsError() {
  const unsigned long first = ERR_get_error();
  ERR_clear_error();
  const char* const text =
      ERR_SYSTEM_ERROR(first) ? std::strerror(ERR_GET_REASON(first)) : ERR_reason_error_string(first);
  return text != nullptr ? text : "unknown reason";
}

}  // namespace neso::redis_cache
