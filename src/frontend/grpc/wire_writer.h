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

// What Text and TextIfAny append for a field below 16.
inline size_t WireVarintSize(uint64_t value) { return (static_cast<size_t>(std::bit_width(value | 1)) + 6) / 7; }
inline size_t WireTextSize(size_t size) { return 1 + WireVarintSize(size) + size; }
inline size_t WireTextSizeIfAny(size_t size) { return size == 0 ? 0 : WireTextSize(size); }

template <typename Out>  // a string
class WireWriter {
 public:
  explicit WireWriter(Out& out) : out_(out) {}

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
    if (text.size() > kShortText) {
      BeginBytes(field, text.size());
      out_ += text;
      return;
    }
    char bytes[2 * kMaxVarint + kShortText];
    char* const at = PutHead(field, text.size(), bytes);
    text.copy(at, text.size());
    out_.append(bytes, static_cast<size_t>(at - bytes) + text.size());
  }
  // As `Text`, left out when empty, which is how a proto3 string without a value is written.
  void TextIfAny(uint32_t field, std::string_view text) {
    if (!text.empty()) Text(field, text);
  }
  // `size` bytes have to follow.
  void BeginBytes(uint32_t field, uint64_t size) {
    char bytes[2 * kMaxVarint];
    out_.append(bytes, static_cast<size_t>(PutHead(field, size, bytes) - bytes));
  }

 private:
  static constexpr size_t kMaxVarint = 10;
  // One string is cheaper appended than two, if the text is copied in between.
  static constexpr size_t kShortText = 44;

  // Both give the end of what they wrote.
  static char* PutHead(uint32_t field, uint64_t size, char* at) {
    return Put(size, Put(WireTag(field, WireType::kBytes), at));
  }
  static char* Put(uint64_t value, char* at) {
    for (; value >= 0x80; value >>= 7) *at++ = static_cast<char>(value | 0x80);
    *at++ = static_cast<char>(value);
    return at;
  }

  Out& out_;
};

}  // namespace neso
