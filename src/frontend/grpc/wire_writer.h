// Appends the protobuf wire format to a string.
//
//   WireWriter(out).Text(1, "digits");  // field 1
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "frontend/grpc/wire_reader.h"

namespace neso {

class WireWriter {
 public:
  explicit WireWriter(std::string& out) : out_(out) {}

  void Varint(uint64_t value) {
    char bytes[kMaxVarint];
    out_.append(bytes, static_cast<size_t>(Put(value, bytes) - bytes));
  }
  void Number(uint32_t field, uint64_t value) {
    Varint(WireTag(field, WireType::kVarint));
    Varint(value);
  }
  void Double(uint32_t field, double value) {
    Varint(WireTag(field, WireType::kFixed64));
    char bytes[sizeof(value)];
    std::memcpy(bytes, &value, sizeof(value));
    out_.append(bytes, sizeof(bytes));
  }
  void Text(uint32_t field, std::string_view text) {
    BeginBytes(field, text.size());
    out_ += text;
  }
  // As `Text`, left out when empty, which is how a proto3 string without a value is written.
  void TextIfAny(uint32_t field, std::string_view text) {
    if (!text.empty()) Text(field, text);
  }
  // `size` bytes have to follow.
  void BeginBytes(uint32_t field, uint64_t size) {
    char bytes[2 * kMaxVarint];
    char* const after_tag = Put(WireTag(field, WireType::kBytes), bytes);
    out_.append(bytes, static_cast<size_t>(Put(size, after_tag) - bytes));
  }

  // What Text and TextIfAny append for a field below 16.
  static size_t TextSize(size_t size) { return 1 + VarintSize(size) + size; }
  static size_t TextSizeIfAny(size_t size) { return size == 0 ? 0 : TextSize(size); }
  static size_t VarintSize(uint64_t value) { return (static_cast<size_t>(std::bit_width(value | 1)) + 6) / 7; }

 private:
  static constexpr size_t kMaxVarint = 10;

  // The end of what was written.
  static char* Put(uint64_t value, char* at) {
    for (; value >= 0x80; value >>= 7) *at++ = static_cast<char>(value | 0x80);
    *at++ = static_cast<char>(value);
    return at;
  }

  std::string& out_;
};

}  // namespace neso
