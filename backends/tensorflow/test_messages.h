// Messages of TensorFlow's files, made for tests.
#pragma once

#include <string>
#include <string_view>

#include "neso/protobuf_wire.h"

namespace neso::tensorflow {

using wire::MessageWriter;

// Of fewer than 128 bytes.
inline MessageWriter Text(uint32_t number, std::string_view text) {
  std::string bytes;
  bytes += static_cast<char>(number << 3 | 2);
  bytes += static_cast<char>(text.size());
  bytes += text;
  return MessageWriter(std::move(bytes));
}

// Of a map.
inline MessageWriter Entry(std::string_view key, const MessageWriter& value) {
  MessageWriter entry = Text(1, key);
  entry.Add(2, value);
  return entry;
}

}  // namespace neso::tensorflow
