#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace triton {
namespace client {

inline std::string Base64(const void* data, size_t byte_size) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const auto* bytes = static_cast<const uint8_t*>(data);
  std::string text;
  text.reserve((byte_size + 2) / 3 * 4);
  for (size_t at = 0; at < byte_size; at += 3) {
    const uint32_t three =
        bytes[at] << 16 | (at + 1 < byte_size ? bytes[at + 1] << 8 : 0) | (at + 2 < byte_size ? bytes[at + 2] : 0);
    text += kDigits[three >> 18];
    text += kDigits[three >> 12 & 63];
    text += at + 1 < byte_size ? kDigits[three >> 6 & 63] : '=';
    text += at + 2 < byte_size ? kDigits[three & 63] : '=';
  }
  return text;
}

}  // namespace client
}  // namespace triton
