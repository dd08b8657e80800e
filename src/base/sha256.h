// SHA-256 (FIPS 180-4), of texts that are short: keys, not files.
//
//   const Sha256Digest digest = Sha256("abc");
//   if (IsSameDigest(digest, expected)) ...
//
// OpenSSL has it too, but is loaded only by servers that speak TLS (src/net/tls.h).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace neso {

using Sha256Digest = std::array<uint8_t, 32>;

Sha256Digest Sha256(std::string_view bytes);
// As it is done where the processor has no instructions for it.
Sha256Digest Sha256WithoutInstructionsForTest(std::string_view bytes);

// Takes as long for digests that differ early as for those that differ late.
bool IsSameDigest(const Sha256Digest& a, const Sha256Digest& b);

// 64 digits in lower case, and back; false when the text is anything else.
std::string ToHex(const Sha256Digest& digest);
bool FromHex(std::string_view text, Sha256Digest& digest);

}  // namespace neso
