// Digests and signatures, over OpenSSL.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "repository/storage/object_stores.h"

namespace neso::object_store {

std::string Sha256(std::string_view bytes);                              // 32 bytes
std::string HmacSha256(std::string_view key, std::string_view message);  // 32 bytes
std::string Hex(std::string_view bytes);                                 // lower case
// Empty if it is not just pairs of hexadecimal digits.
std::string FromHex(std::string_view text);

// Base64 of URLs, without padding (RFC 4648 section 5).
std::string EncodeBase64Url(std::string_view bytes);

// RSASSA-PKCS1-v1_5 with SHA-256 ("RS256", RFC 7518 section 3.3). Error: kInvalidArg for a key that is none.
Expected<std::string> SignRs256(const std::string& private_key_pem, std::string_view message);

// Error: kInternal when the file cannot be read, or which digest differs.
Status CheckFileDigests(const std::string& file, const ObjectDigests& digests);

}  // namespace neso::object_store
