// Ed25519 keys (RFC 8032) in PEM files, as other tools write them too: `openssl genpkey -algorithm ed25519`.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "neso/backend/status.h"
#include "text.h"

namespace neso::signature {

using backend::Result;
using backend::Status;

struct FreeKey {
  void operator()(EVP_PKEY* key) const;
};

class Key {
 public:
  explicit Key(EVP_PKEY* key) : key_(key) {}

  // What a signature names the key by: the first 16 hexadecimal digits of the public key's SHA-256.
  Result<std::string> Id() const;
  Result<Bytes> Sign(std::string_view text) const;
  bool HasSigned(std::string_view text, const Bytes& signature) const;
  Result<std::string> PrivatePem() const;
  Result<std::string> PublicPem() const;
  bool IsEd25519() const;

 private:
  std::unique_ptr<EVP_PKEY, FreeKey> key_;
};

Result<Key> MakeKey();
// The first private key of the file. Error: INVALID_ARG for a file that has none, or one of another kind.
Result<Key> ReadPrivateKey(const std::string& path);
// All the public keys of the file, at least one.
Result<std::vector<Key>> ReadPublicKeys(const std::string& path);

}  // namespace neso::signature
