// Tensors of datatype BYTES on the wire: each element is a 4-byte little-endian length and as many bytes.
//
//   NESO_ASSIGN_OR_RETURN(const std::vector<std::string_view> words, ReadStrings(bytes, count));
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "neso/backend/status.h"

namespace neso::backend {

static_assert(std::endian::native == std::endian::little, "tensor contents are little-endian");

// Bytes that the first `count` elements occupy. INVALID_ARG if they do not fit.
inline Result<size_t> SkipStrings(std::span<const std::byte> bytes, size_t count) {
  size_t offset = 0;
  for (size_t i = 0; i < count; ++i) {
    uint32_t length = 0;
    if (bytes.size() - offset < sizeof(length)) {
      return Status::InvalidArg("expected ", count, " string elements, got ", i, " in ", bytes.size(), " bytes");
    }
    std::memcpy(&length, bytes.data() + offset, sizeof(length));
    offset += sizeof(length);
    if (bytes.size() - offset < length) {
      return Status::InvalidArg("string element ", i, ": expected ", length, " bytes, got ", bytes.size() - offset);
    }
    offset += length;
  }
  return offset;
}

// Views of exactly `count` elements that fill `bytes`.
inline Result<std::vector<std::string_view>> ReadStrings(std::span<const std::byte> bytes, size_t count) {
  NESO_ASSIGN_OR_RETURN(const size_t used, SkipStrings(bytes, count));
  if (used != bytes.size()) {
    return Status::InvalidArg("expected ", count, " string elements in ", bytes.size(), " bytes, got ",
                              bytes.size() - used, " bytes too many");
  }
  std::vector<std::string_view> strings;
  strings.reserve(count);
  size_t offset = 0;
  for (size_t i = 0; i < count; ++i) {
    uint32_t length = 0;
    std::memcpy(&length, bytes.data() + offset, sizeof(length));
    offset += sizeof(length);
    strings.emplace_back(reinterpret_cast<const char*>(bytes.data()) + offset, length);
    offset += length;
  }
  return strings;
}

inline size_t SerializedSize(std::span<const std::string_view> strings) {
  size_t size = 0;
  for (const std::string_view text : strings) size += sizeof(uint32_t) + text.size();
  return size;
}

// Writes SerializedSize(strings) bytes.
inline void WriteStrings(std::span<const std::string_view> strings, std::byte* to) {
  for (const std::string_view text : strings) {
    const auto length = static_cast<uint32_t>(text.size());
    std::memcpy(to, &length, sizeof(length));
    to += sizeof(length);
    if (!text.empty()) std::memcpy(to, text.data(), text.size());
    to += text.size();
  }
}

}  // namespace neso::backend
