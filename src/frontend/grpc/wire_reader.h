// Reads the protobuf wire format from memory, accepting exactly what the generated parsers of protobuf accept.
//
//   WireReader reader(message);
//   while (!reader.AtEnd()) {
//     uint32_t tag;
//     if (!reader.ReadTag(tag)) return false;
//     if (tag == WireTag(1, WireType::kBytes)) { if (!reader.ReadBytes(name)) return false; }
//     else if (!reader.Skip(tag, depth)) return false;
//   }
//
// Everything read is checked against the end; after a false the reader is of no more use.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace neso {

enum class WireType : uint32_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kGroupBegin = 3, kGroupEnd = 4, kFixed32 = 5 };

constexpr uint32_t WireTag(uint32_t field, WireType type) { return field << 3 | static_cast<uint32_t>(type); }

// How many messages and groups may stand in one another.
inline constexpr int kMaxWireDepth = 100;

class WireReader {
 public:
  explicit WireReader(std::string_view bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  bool AtEnd() const { return at_ == end_; }

  bool ReadVarint(uint64_t& value) {
    value = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
      if (at_ == end_) return false;
      const uint8_t byte = static_cast<uint8_t>(*at_++);
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }

  // A tag is at most five bytes and names a field.
  bool ReadTag(uint32_t& tag) {
    tag = 0;
    for (unsigned shift = 0; shift < 35; shift += 7) {
      if (at_ == end_) return false;
      const uint8_t byte = static_cast<uint8_t>(*at_++);
      tag |= static_cast<uint32_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return tag >> 3 != 0;
    }
    return false;
  }

  bool ReadBytes(std::string_view& bytes) {
    uint64_t size = 0;
    const char* const begin = at_;
    if (!ReadVarint(size) || at_ - begin > 5 || size > static_cast<uint64_t>(end_ - at_)) return false;
    bytes = {at_, static_cast<size_t>(size)};
    at_ += size;
    return true;
  }

  template <typename T>  // 4 or 8 bytes
  bool ReadFixed(T& value) {
    if (static_cast<size_t>(end_ - at_) < sizeof(T)) return false;
    std::memcpy(&value, at_, sizeof(T));
    at_ += sizeof(T);
    return true;
  }

  // Passes over a field nobody asked for. `depth`: how many messages or groups may still begin.
  bool Skip(uint32_t tag, int depth) {
    uint64_t number;
    uint32_t fixed32;
    std::string_view bytes;
    switch (static_cast<WireType>(tag & 7)) {
      case WireType::kVarint: return ReadVarint(number);
      case WireType::kFixed64: return ReadFixed(number);
      case WireType::kBytes: return ReadBytes(bytes);
      case WireType::kFixed32: return ReadFixed(fixed32);
      case WireType::kGroupBegin: return SkipGroup(tag >> 3, depth - 1);
      case WireType::kGroupEnd: break;
    }
    return false;
  }

 private:
  bool SkipGroup(uint32_t field, int depth) {
    if (depth < 0) return false;
    uint32_t tag;
    while (ReadTag(tag)) {
      if (tag == WireTag(field, WireType::kGroupEnd)) return true;
      if (!Skip(tag, depth)) return false;
    }
    return false;
  }

  const char* at_;
  const char* end_;
};

}  // namespace neso
