#include "keys.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <array>
#include <optional>
#include <utility>

#include "folder.h"

namespace neso::signature {
namespace {

constexpr size_t kMaxKeyFileBytes = size_t{1} << 20;
constexpr size_t kSignatureBytes = 64;

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
struct FreeDigest {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Bio = std::unique_ptr<BIO, FreeBio>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, FreeDigest>;

// Nobody is asked for the pass phrase of an encrypted key: a server has no terminal.
int NoPassPhrase(char* /*buffer*/, int /*size*/, int /*is_writing*/, void* /*user*/) { return -1; }

Result<std::string> TextOf(BIO* bio, int written) {
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio, &text);
  if (written != 1 || size <= 0) return Status::Internal("the key could not be written");
  return std::string(text, static_cast<size_t>(size));
}

// What stands between two lines of a PEM file, "-----BEGIN <name>-----" and the other.
struct Block {
  std::string name;
  Bytes bytes;
};

std::optional<Block> NextBlock(BIO* bio) {
  char* name = nullptr;
  char* header = nullptr;
  unsigned char* bytes = nullptr;
  long size = 0;
  if (PEM_read_bio(bio, &name, &header, &bytes, &size) != 1) return std::nullopt;
  Block block{.name = name, .bytes = Bytes(bytes, bytes + size)};
  OPENSSL_free(name);
  OPENSSL_free(header);
  OPENSSL_free(bytes);
  return block;
}

}  // namespace

void FreeKey::operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }

bool Key::IsEd25519() const { return key_ != nullptr && EVP_PKEY_is_a(key_.get(), "ED25519") == 1; }

Result<std::string> Key::Id() const {
  std::array<unsigned char, 32> bytes;
  size_t size = bytes.size();
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned digest_size = 0;
  if (EVP_PKEY_get_raw_public_key(key_.get(), bytes.data(), &size) != 1 ||
      EVP_Digest(bytes.data(), size, digest.data(), &digest_size, EVP_sha256(), nullptr) != 1) {
    return Status::Internal("the key has no public part");
  }
  return Hex(std::span(digest).first(8));
}

Result<Bytes> Key::Sign(std::string_view text) const {
  const DigestContext context(EVP_MD_CTX_new());
  Bytes signature(kSignatureBytes);
  size_t size = signature.size();
  if (context == nullptr || EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) != 1 ||
      EVP_DigestSign(context.get(), signature.data(), &size, reinterpret_cast<const unsigned char*>(text.data()),
                     text.size()) != 1) {
    return Status::Internal("the key could not sign");
  }
  return signature;
}

bool Key::HasSigned(std::string_view text, const Bytes& signature) const {
  const DigestContext context(EVP_MD_CTX_new());
  const bool fits = signature.size() == kSignatureBytes && context != nullptr &&
                    EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1 &&
                    EVP_DigestVerify(context.get(), signature.data(), signature.size(),
                                     reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1;
  ERR_clear_error();
  return fits;
}

Result<std::string> Key::PrivatePem() const {
  const Bio bio(BIO_new(BIO_s_mem()));
  return TextOf(bio.get(), PEM_write_bio_PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr));
}

Result<std::string> Key::PublicPem() const {
  const Bio bio(BIO_new(BIO_s_mem()));
  return TextOf(bio.get(), PEM_write_bio_PUBKEY(bio.get(), key_.get()));
}

Result<Key> MakeKey() {
  Key key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  if (!key.IsEd25519()) return Status::Unavailable("Ed25519 cannot be had of this machine's OpenSSL");
  return key;
}

Result<Key> ReadPrivateKey(const std::string& path) {
  NESO_ASSIGN_OR_RETURN(const std::string text, ReadWholeFile(path, kMaxKeyFileBytes));
  const Bio bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassPhrase, nullptr));
  ERR_clear_error();
  if (!key.IsEd25519()) {
    return Status::InvalidArg("'", path, "': expected a private Ed25519 key in PEM form, not encrypted (neso keygen)");
  }
  return key;
}

Result<std::vector<Key>> ReadPublicKeys(const std::string& path) {
  NESO_ASSIGN_OR_RETURN(const std::string text, ReadWholeFile(path, kMaxKeyFileBytes));
  const Bio bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  std::vector<Key> keys;
  while (std::optional<Block> block = NextBlock(bio.get())) {
    const unsigned char* at = block->bytes.data();
    Key key(block->name != "PUBLIC KEY" ? nullptr : d2i_PUBKEY(nullptr, &at, static_cast<long>(block->bytes.size())));
    if (!key.IsEd25519())
      return Status::InvalidArg("'", path, "' has a '", block->name, "' that is no public Ed25519 key");
    keys.push_back(std::move(key));
  }
  // The end of the file is an error without a start line; anything else is a key that cannot be read.
  const bool is_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (keys.empty() || !is_end) {
    return Status::InvalidArg("'", path, "': expected public Ed25519 keys in PEM form (neso keygen)");
  }
  return keys;
}

}  // namespace neso::signature
