// The wire format of Protocol Buffers, for files of models whose messages nobody knows here as a whole: fields of a message in
// memory, one after the other, and messages that are written field by field.
//
//   for (wire::Fields fields(bytes); const std::optional<wire::Field> field = fields.Next();) Use(field->number, field->bytes);
//
// Source: the encoding of Protocol Buffers.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace neso::wire {

enum class WireType : uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

struct Field {
  uint64_t number = 0;
  WireType type = WireType::kVarint;
  uint64_t value = 0;      // of a varint
  std::string_view bytes;  // of anything else
};

// A view; the bytes outlive it. Ends early where they are no protocol buffer, which is_broken() tells.
class Fields {
 public:
  // `beyond`: how many bytes of the message follow that are not here. The field that reaches into them is the last one, with
  // those of its bytes that are.
  explicit Fields(std::string_view message, uint64_t beyond = 0) : rest_(message), beyond_(beyond) {}

  std::optional<Field> Next() {
    if (rest_.empty() || is_broken_) return std::nullopt;
    std::optional<Field> field = Read();
    is_broken_ = !field.has_value();
    return field;
  }
  bool is_broken() const { return is_broken_; }

 private:
  std::optional<Field> Read() {
    const std::optional<uint64_t> tag = Varint();
    if (!tag || *tag >> 3 == 0 || *tag >> 32 != 0) return std::nullopt;
    Field field{.number = *tag >> 3, .type = static_cast<WireType>(*tag & 7), .bytes = {}};
    switch (field.type) {
      case WireType::kVarint: {
        const std::optional<uint64_t> value = Varint();
        if (!value) return std::nullopt;
        field.value = *value;
        return field;
      }
      case WireType::kBytes: {
        const std::optional<uint64_t> size = Varint();
        if (!size) return std::nullopt;
        return Take(field, *size);
      }
      case WireType::kFixed64: return Take(field, 8);
      case WireType::kFixed32: return Take(field, 4);
    }
    return std::nullopt;  // groups, which these files do not have
  }

  std::optional<Field> Take(Field field, uint64_t size) {
    if (size > rest_.size() && size - rest_.size() > beyond_) return std::nullopt;
    field.bytes = rest_.substr(0, size);
    rest_.remove_prefix(field.bytes.size());
    return field;
  }

  std::optional<uint64_t> Varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const auto byte = static_cast<uint8_t>(rest_.front());
      rest_.remove_prefix(1);
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return std::nullopt;
  }

  std::string_view rest_;
  uint64_t beyond_;
  bool is_broken_ = false;
};

// Calls take(field) for each field of a message, until it says false; false then, and when the bytes are no message.
template <typename Take>
bool ForEachField(std::string_view message, Take&& take) {
  Fields fields(message);
  while (const std::optional<Field> field = fields.Next()) {
    if (!take(*field)) return false;
  }
  return !fields.is_broken();
}

// Calls take(number) for each of a packed field's varints; false when the bytes are not such.
template <typename Take>
bool ForEachPacked(std::string_view bytes, Take&& take) {
  while (!bytes.empty()) {
    uint64_t value = 0;
    size_t used = 0;
    uint8_t byte = 0x80;
    for (; byte >= 0x80 && used < bytes.size() && used < 10; used++) {
      byte = static_cast<uint8_t>(bytes[used]);
      value |= static_cast<uint64_t>(byte & 0x7f) << (7 * used);
    }
    if (byte >= 0x80) return false;
    bytes.remove_prefix(used);
    take(value);
  }
  return true;
}

// Writes a message; fields come in the order of the calls.
class MessageWriter {
 public:
  MessageWriter() = default;
  // Of what is written already.
  explicit MessageWriter(std::string bytes) : bytes_(std::move(bytes)) {}

  MessageWriter& Add(uint32_t number, uint64_t value) {
    Tag(number, WireType::kVarint);
    Varint(value);
    return *this;
  }
  MessageWriter& Add(uint32_t number, double value) {
    char bytes[sizeof(value)];
    std::memcpy(bytes, &value, sizeof(value));
    Tag(number, WireType::kFixed64);
    bytes_.append(bytes, sizeof(bytes));
    return *this;
  }
  MessageWriter& Add(uint32_t number, const MessageWriter& message) { return Add(number, message.bytes_); }
  // A text, bytes, or a message that is written already.
  MessageWriter& Add(uint32_t number, std::string_view bytes) {
    Tag(number, WireType::kBytes);
    Varint(bytes.size());
    bytes_ += bytes;
    return *this;
  }
  MessageWriter& Add(uint32_t number, float value) {
    char bytes[sizeof(value)];
    std::memcpy(bytes, &value, sizeof(value));
    Tag(number, WireType::kFixed32);
    bytes_.append(bytes, sizeof(bytes));
    return *this;
  }
  MessageWriter& AddFixed64(uint32_t number, uint64_t value) {
    Tag(number, WireType::kFixed64);
    for (int shift = 0; shift < 64; shift += 8) bytes_ += static_cast<char>(value >> shift);
    return *this;
  }
  // The fields of `other` after those that are here.
  MessageWriter& Add(const MessageWriter& other) {
    bytes_ += other.bytes_;
    return *this;
  }
  const std::string& bytes() const { return bytes_; }
  std::string Take() && { return std::move(bytes_); }

 private:
  void Tag(uint32_t number, WireType type) { Varint(uint64_t{number} << 3 | static_cast<uint64_t>(type)); }
  void Varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
    bytes_ += static_cast<char>(value);
  }

  std::string bytes_;
};

}  // namespace neso::wire
