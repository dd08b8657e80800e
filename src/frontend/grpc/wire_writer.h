// Appends the protobuf wire format to a string, or to memory with room for it.
//
//   WireWriter(text).Text(1, "digits");  // field 1
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

#include "base/check.h"
#include "frontend/grpc/wire_reader.h"

namespace neso {

// What Text and TextIfAny append for a field below 16.
inline size_t WireVarintSize(uint64_t value) { return (static_cast<size_t>(std::bit_width(value | 1)) + 6) / 7; }
inline size_t WireTextSize(size_t size) { return 1 + WireVarintSize(size) + size; }
inline size_t WireTextSizeIfAny(size_t size) { return size == 0 ? 0 : WireTextSize(size); }

// Memory that is written from its beginning.
class WireMemory {
 public:
  explicit WireMemory(std::span<char> room) : room_(room) {}
  // Precondition of both: there is room. Checked, in every build.
  void append(const char* bytes, size_t size) {
    char* const at = Next(size);
    if (size > 0) std::memcpy(at, bytes, size);
    size_ += size;
  }
  // Where up to `most` bytes are written by somebody else, who tells EndAt where they end.
  char* Next(size_t most) const {
    CHECK(most <= room_.size() - size_, "more is written than was reckoned with");
    return room_.data() + size_;
  }
  void EndAt(const char* end) { size_ = static_cast<size_t>(end - room_.data()); }
  size_t size() const { return size_; }

 private:
  const std::span<char> room_;
  size_t size_ = 0;
};

template <typename Out>  // a string or WireMemory
class WireWriter {
  static constexpr size_t kMaxVarint = 10;

 public:
  // Each function adds no more to what it is given.
  static constexpr size_t kMost = 2 * kMaxVarint;

  explicit WireWriter(Out& out) : out_(out) {}

  void Varint(uint64_t value) {
    WriteUpTo<kMaxVarint>([value](char* at) { return Put(value, at); });
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
    Bytes(text);
  }
  // As `Text`, left out when empty, which is how a proto3 string without a value is written.
  void TextIfAny(uint32_t field, std::string_view text) {
    if (!text.empty()) Text(field, text);
  }
  void Bytes(std::string_view bytes) { out_.append(bytes.data(), bytes.size()); }
  // `size` bytes have to follow.
  void BeginBytes(uint32_t field, uint64_t size) {
    WriteUpTo<kMost>([field, size](char* at) { return Put(size, Put(WireTag(field, WireType::kBytes), at)); });
  }
  // So many were written.
  size_t size() const { return out_.size(); }

 private:
  // `write` gives the end of what it wrote.
  template <size_t kMostBytes, typename Write>
  void WriteUpTo(Write write) {
    if constexpr (std::is_same_v<Out, WireMemory>) {
      out_.EndAt(write(out_.Next(kMostBytes)));
    } else {
      char bytes[kMostBytes];
      out_.append(bytes, static_cast<size_t>(write(bytes) - bytes));
    }
  }
  // The end of what was written.
  static char* Put(uint64_t value, char* at) {
    for (; value >= 0x80; value >>= 7) *at++ = static_cast<char>(value | 0x80);
    *at++ = static_cast<char>(value);
    return at;
  }

  Out& out_;
};

}  // namespace neso
