// Certificates made on the spot and a blocking TLS client, for the tests of this room.
#pragma once

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <charconv>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "net/net_test_util.h"
#include "net/tls_credentials.h"
#include "tls/openssl_context.h"

namespace neso::tls {

template <auto kFree>
struct Freer {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using OwnedKey = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using OwnedCertificate = std::unique_ptr<X509, Freer<X509_free>>;
using OwnedSession = std::unique_ptr<SSL_SESSION, Freer<SSL_SESSION_free>>;

// A key and its certificate.
struct Identity {
  OwnedKey key;
  OwnedCertificate certificate;
};

// Signed by `issuer`, or by itself. `valid_for` are seconds from an hour ago.
inline Identity MakeIdentity(const std::string& name, const Identity* issuer = nullptr, long valid_for = 100'000) {
  Identity made{OwnedKey(EVP_EC_gen("P-256")), OwnedCertificate(X509_new())};
  X509* certificate = made.certificate.get();
  static long serial = 0;
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), valid_for - 3600);
  X509_set_pubkey(certificate, made.key.get());
  X509_NAME* subject = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1,
                             0);
  X509* signer = issuer != nullptr ? issuer->certificate.get() : certificate;
  X509_set_issuer_name(certificate, X509_get_subject_name(signer));
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, NID_basic_constraints,
                                                  issuer == nullptr ? "critical,CA:TRUE" : "critical,CA:FALSE");
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
  X509_sign(certificate, (issuer != nullptr ? issuer->key : made.key).get(), EVP_sha256());
  return made;
}

// A folder of PEM files that goes with the test.
class PemFolder {
 public:
  PemFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "neso-tls-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~PemFolder() { std::filesystem::remove_all(path_); }
  PemFolder(const PemFolder&) = delete;
  PemFolder& operator=(const PemFolder&) = delete;

  std::string File(const std::string& name) const { return path_ + "/" + name; }
  // "<name>.crt" and "<name>.key".
  void Write(const std::string& name, const Identity& identity) const {
    Put(name + ".crt", [&](FILE* file) { PEM_write_X509(file, identity.certificate.get()); });
    Put(name + ".key",
        [&](FILE* file) { PEM_write_PrivateKey(file, identity.key.get(), nullptr, nullptr, 0, nullptr, nullptr); });
  }
  template <typename Writer>
  void Put(const std::string& name, Writer&& write) const {
    FILE* file = std::fopen(File(name).c_str(), "w");
    write(file);
    std::fclose(file);
  }

 private:
  std::string path_;
};

// A blocking client. Used by one thread.
class TestTlsClient {
 public:
  struct Options {
    const X509* trusted = nullptr;
    const Identity* identity = nullptr;  // shown when asked for
    std::string protocols = {};          // with their lengths: "\x02h2"
    int version = 0;                     // 0: any
    SSL_SESSION* session = nullptr;
    int receive_buffer = 0;
  };

  TestTlsClient(uint16_t port, const Options& options)
      : client_(port, options.receive_buffer), context_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_set_security_level(context_.get(), 0);  // also what a server has to refuse
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
    if (options.version != 0) {
      SSL_CTX_set_min_proto_version(context_.get(), options.version);
      SSL_CTX_set_max_proto_version(context_.get(), options.version);
    }
    SSL_CTX_set_session_cache_mode(context_.get(), SSL_SESS_CACHE_CLIENT);
    if (options.identity != nullptr) {
      SSL_CTX_use_certificate(context_.get(), options.identity->certificate.get());
      SSL_CTX_use_PrivateKey(context_.get(), options.identity->key.get());
    }
    if (options.trusted != nullptr) {
      X509_STORE_add_cert(SSL_CTX_get_cert_store(context_.get()), const_cast<X509*>(options.trusted));
      SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    }
    ssl_.reset(SSL_new(context_.get()));
    if (!options.protocols.empty()) {
      SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(options.protocols.data()),
                          static_cast<unsigned>(options.protocols.size()));
    }
    if (options.session != nullptr) SSL_set_session(ssl_.get(), options.session);
    SSL_set_fd(ssl_.get(), client_.fd());
    timeval patience{20, 0};
    setsockopt(client_.fd(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }

  // "", or why not.
  std::string Connect() {
    ERR_clear_error();
    if (SSL_connect(ssl_.get()) == 1) return {};
    return Reason();
  }
  bool Send(std::string_view bytes) {
    ERR_clear_error();
    size_t done = 0;
    return SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &done) == 1 && done == bytes.size();
  }
  // False at the end of the connection or after 20 s; reason() tells them apart.
  bool Receive() {
    ERR_clear_error();
    char bytes[65536];
    size_t done = 0;
    if (const int result = SSL_read_ex(ssl_.get(), bytes, sizeof bytes, &done); result != 1) {
      end_ = SSL_get_error(ssl_.get(), result) == SSL_ERROR_ZERO_RETURN ? "close_notify" : Reason();
      return false;
    }
    buffer_.append(bytes, done);
    return true;
  }
  // The next answer's body, by its Content-Length; "no response" if the connection ends before.
  std::string ReadBody() {
    size_t head_end;
    while ((head_end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!Receive()) return "no response";
    }
    size_t length = 0;
    const size_t at = buffer_.find("Content-Length: ");
    if (at < head_end) std::from_chars(buffer_.data() + at + 16, buffer_.data() + head_end, length);
    while (buffer_.size() < head_end + 4 + length && Receive()) {
    }
    std::string body = buffer_.substr(head_end + 4, length);
    buffer_.erase(0, head_end + 4 + length);
    return body;
  }
  std::string Get(const std::string& path) {
    return Send("GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n") ? ReadBody() : "not sent";
  }
  // The name of who has answered.
  std::string ServerName() const {
    const OwnedCertificate certificate(SSL_get1_peer_certificate(ssl_.get()));
    char name[100] = "";
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate.get()), NID_commonName, name, sizeof name);
    return name;
  }
  std::string Protocol() const {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &name, &size);
    return {reinterpret_cast<const char*>(name), size};
  }

  SSL* ssl() { return ssl_.get(); }
  net::TestClient& socket() { return client_; }
  const std::string& end() const { return end_; }
  const std::string& received() const { return buffer_; }

 private:
  static std::string Reason() {
    const char* reason = ERR_reason_error_string(ERR_peek_last_error());
    return reason != nullptr ? reason : "the connection ended";
  }

  net::TestClient client_;
  std::unique_ptr<SSL_CTX, Freer<SSL_CTX_free>> context_;
  std::unique_ptr<SSL, Freer<SSL_free>> ssl_;
  std::string buffer_;
  std::string end_;
};

}  // namespace neso::tls
