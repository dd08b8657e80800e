#include "text.h"

#include <openssl/evp.h>

namespace neso::signature {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";

}  // namespace

std::string Hex(std::span<const unsigned char> bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const unsigned char byte : bytes) {
    text += kHexDigits[byte >> 4];
    text += kHexDigits[byte & 15];
  }
  return text;
}

std::string Base64(std::span<const unsigned char> bytes) {
  std::string text((bytes.size() + 2) / 3 * 4, '\0');
  // One more is written, where the string has its end.
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes.data(), static_cast<int>(bytes.size()));
  return text;
}

std::optional<Bytes> FromBase64(std::string_view text) {
  constexpr size_t kLongest = 4096;  // a signature has 88 letters
  if (text.empty() || text.size() % 4 != 0 || text.size() > kLongest) return std::nullopt;
  Bytes bytes(text.size() / 4 * 3);
  const int decoded =
      EVP_DecodeBlock(bytes.data(), reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (decoded < 0 || static_cast<size_t>(decoded) != bytes.size()) return std::nullopt;
  const size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  bytes.resize(bytes.size() - padding);
  return bytes;
}

std::string Escaped(std::string_view path) {
  std::string text;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > ' ' && byte < 0x7f && c != '%') {
      text += c;
    } else {
      text += '%';
      text += kHexDigits[byte >> 4];
      text += kHexDigits[byte & 15];
    }
  }
  return text;
}

}  // namespace neso::signature
