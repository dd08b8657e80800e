#include "base/display_width.h"

#include <clocale>
#include <cwchar>

#include "base/utf8.h"

namespace neso {
namespace {

// The number of a character in UTF-8.
wchar_t NumberOf(std::string_view character) {
  const auto byte = [character](size_t i) { return static_cast<unsigned char>(character[i]); };
  if (character.size() == 1) return static_cast<wchar_t>(byte(0));
  unsigned number = byte(0) & (0xffU >> (character.size() + 1));
  for (size_t i = 1; i < character.size(); ++i) number = number << 6U | (byte(i) & 0x3fU);
  return static_cast<wchar_t>(number);
}

// The C library knows the widths in a locale of Unicode; the process may have another one.
size_t WidthOf(wchar_t character) {
  static const locale_t kUnicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  if (kUnicode == nullptr) return 1;
  const locale_t before = uselocale(kUnicode);
  const int width = wcwidth(character);
  uselocale(before);
  return width < 0 ? 1 : static_cast<size_t>(width);
}

struct Front {
  size_t bytes = 0, columns = 0;
};

// The character at the front of `text`, which is not empty.
Front FirstOf(std::string_view text) {
  const size_t bytes = Utf8CharacterSize(text);
  if (bytes <= 1) return {1, 1};
  return {bytes, WidthOf(NumberOf(text.substr(0, bytes)))};
}

}  // namespace

size_t DisplayWidth(std::string_view text) {
  size_t columns = 0;
  while (!text.empty()) {
    const Front first = FirstOf(text);
    columns += first.columns;
    text.remove_prefix(first.bytes);
  }
  return columns;
}

std::string_view FrontOfWidth(std::string_view text, size_t columns) {
  Front taken;
  while (taken.bytes < text.size()) {
    const Front next = FirstOf(text.substr(taken.bytes));
    if (taken.bytes > 0 && taken.columns + next.columns > columns) break;
    taken = {taken.bytes + next.bytes, taken.columns + next.columns};
  }
  return text.substr(0, taken.bytes);
}

}  // namespace neso
