#include "base/utf8.h"

namespace neso {
namespace {

unsigned char ByteAt(std::string_view text, size_t at) { return static_cast<unsigned char>(text[at]); }

// How many bytes the character takes that begins with `first`, and what its second byte may be: that keeps out overlong
// forms, surrogates and numbers beyond Unicode. Size 0: no character begins so.
struct CharacterForm {
  size_t size;
  unsigned char second_min = 0x80;
  unsigned char second_max = 0xBF;
};

CharacterForm FormOf(unsigned char first) {
  if (first < 0x80) return {.size = 1};
  if (first < 0xC2 || first > 0xF4) return {.size = 0};
  if (first < 0xE0) return {.size = 2};
  if (first == 0xE0) return {.size = 3, .second_min = 0xA0};
  if (first == 0xED) return {.size = 3, .second_max = 0x9F};
  if (first < 0xF0) return {.size = 3};
  if (first == 0xF0) return {.size = 4, .second_min = 0x90};
  if (first == 0xF4) return {.size = 4, .second_max = 0x8F};
  return {.size = 4};
}

}  // namespace

size_t Utf8CharacterSize(std::string_view text) {
  const CharacterForm form = FormOf(ByteAt(text, 0));
  if (form.size > text.size()) return 0;
  for (size_t i = 1; i < form.size; ++i) {
    const unsigned char byte = ByteAt(text, i);
    if (byte < (i == 1 ? form.second_min : 0x80) || byte > (i == 1 ? form.second_max : 0xBF)) return 0;
  }
  return form.size;
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const size_t size = ByteAt(text, 0) < 0x80 ? 1 : Utf8CharacterSize(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

std::string ToUtf8(std::string_view text) {
  std::string valid;
  valid.reserve(text.size());
  while (!text.empty()) {
    const size_t size = Utf8CharacterSize(text);
    if (size != 0) {
      valid.append(text, 0, size);
    } else {
      const unsigned char byte = ByteAt(text, 0);
      valid.push_back(static_cast<char>(0xC0 | (byte >> 6)));
      valid.push_back(static_cast<char>(0x80 | (byte & 0x3F)));
    }
    text.remove_prefix(size == 0 ? 1 : size);
  }
  return valid;
}

std::string OnlyUtf8(std::string_view text) {
  std::string kept;
  while (!text.empty()) {
    const size_t size = Utf8CharacterSize(text);
    kept.append(text, 0, size);
    text.remove_prefix(size == 0 ? 1 : size);
  }
  return kept;
}

}  // namespace neso
