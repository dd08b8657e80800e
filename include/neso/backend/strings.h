// Tensors of datatype BYTES on the wire: each element is a 4-byte little-endian length and as many bytes.
//
//   NESO_ASSIGN_OR_RETURN(const std::vector<std::string_view> words, ReadStrings(bytes, count));
#pragma once

#include <algorithm>
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

namespace internal {

// The length in front of an element. What is checked has to be what is used: a client may change memory that it shares
// at any time, and the compiler may not read it again.
inline uint32_t ReadLength(const std::byte* at) {
  uint32_t length = 0;
  std::memcpy(&length, at, sizeof(length));
  asm volatile("" : "+r"(length));
  return length;
}

// Calls `take` with each of `count` elements; gives the bytes that they occupy.
template <typename Take>
Result<size_t> WalkStrings(std::span<const std::byte> bytes, size_t count, Take take) {
  size_t offset = 0;
  for (size_t i = 0; i < count; ++i) {
    if (bytes.size() - offset < sizeof(uint32_t)) {
      return Status::InvalidArg("expected ", count, " string elements, got ", i, " in ", bytes.size(), " bytes");
    }
    const uint32_t length = ReadLength(bytes.data() + offset);
    offset += sizeof(length);
    if (bytes.size() - offset < length) {
      return Status::InvalidArg("string element ", i, ": expected ", length, " bytes, got ", bytes.size() - offset);
    }
    take(std::string_view(reinterpret_cast<const char*>(bytes.data()) + offset, length));
    offset += length;
  }
  return offset;
}

}  // namespace internal

// Bytes that the first `count` elements occupy. INVALID_ARG if they do not fit.
inline Result<size_t> SkipStrings(std::span<const std::byte> bytes, size_t count) {
  return internal::WalkStrings(bytes, count, [](std::string_view) {});
}

// Views of exactly `count` elements that fill `bytes`.
inline Result<std::vector<std::string_view>> ReadStrings(std::span<const std::byte> bytes, size_t count) {
  std::vector<std::string_view> strings;
  strings.reserve(std::min(count, bytes.size() / sizeof(uint32_t)));
  NESO_ASSIGN_OR_RETURN(const size_t used, internal::WalkStrings(bytes, count, [&strings](std::string_view text) {
                          strings.push_back(text);
                        }));
  if (used != bytes.size()) {
    return Status::InvalidArg("expected ", count, " string elements in ", bytes.size(), " bytes, got ",
                              bytes.size() - used, " bytes too many");
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
