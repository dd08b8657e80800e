#include "client/text_elements.h"

#include <cstring>

namespace neso::client {

void AppendText(std::string& bytes, std::string_view text) {
  const auto size = static_cast<uint32_t>(text.size());
  char length[sizeof(size)];
  std::memcpy(length, &size, sizeof(size));
  bytes.append(length, sizeof(length)).append(text);
}

Expected<std::vector<std::string_view>> TextsIn(std::string_view bytes) {
  std::vector<std::string_view> texts;
  while (!bytes.empty()) {
    uint32_t size = 0;
    if (bytes.size() < sizeof(size)) return InvalidArg("expected the length of a text, got {} bytes", bytes.size());
    std::memcpy(&size, bytes.data(), sizeof(size));
    bytes.remove_prefix(sizeof(size));
    if (size > bytes.size()) return InvalidArg("expected a text of {} bytes, got {}", size, bytes.size());
    texts.push_back(bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
  return texts;
}

}  // namespace neso::client
