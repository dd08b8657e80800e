#include "base/text.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace neso {
namespace {

char LowerAscii(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

constexpr uint64_t InEachByte(uint8_t byte) { return byte * uint64_t{0x0101010101010101}; }

// The same for eight bytes at once. A byte's top bit is taken for the question whether it is beyond a letter, so it is
// put aside first; bytes above ASCII have it, and stay as they are.
uint64_t LowerEachAscii(uint64_t bytes) {
  constexpr uint64_t kTop = InEachByte(0x80);
  const uint64_t low = bytes & ~kTop;
  const uint64_t from_a = low + InEachByte(0x80 - 'A'), beyond_z = low + InEachByte(0x7f - 'Z');
  const uint64_t upper = from_a & ~beyond_z & ~bytes & kTop;
  return bytes | upper >> 2;  // 0x80 becomes the 0x20 that tells the cases apart
}

bool EightAreEqual(const char* a, const char* b) {
  uint64_t of_a, of_b;
  std::memcpy(&of_a, a, sizeof(of_a));
  std::memcpy(&of_b, b, sizeof(of_b));
  return LowerEachAscii(of_a) == LowerEachAscii(of_b);
}

}  // namespace

std::string ToLowerAscii(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), LowerAscii);
  return lower;
}

bool EqualsIgnoreCaseAscii(std::string_view a, std::string_view b) {
  constexpr size_t kEight = sizeof(uint64_t);
  const size_t size = a.size();
  if (size != b.size()) return false;
  if (size < kEight) {
    return std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return LowerAscii(x) == LowerAscii(y); });
  }
  for (size_t at = 0; at + kEight < size; at += kEight) {
    if (!EightAreEqual(a.data() + at, b.data() + at)) return false;
  }
  return EightAreEqual(a.data() + size - kEight, b.data() + size - kEight);  // some of them once more
}

std::string_view TrimBlanks(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::vector<std::string_view> Split(std::string_view text, char delimiter) {
  std::vector<std::string_view> pieces;
  for (size_t end; (end = text.find(delimiter)) != std::string_view::npos; text.remove_prefix(end + 1)) {
    pieces.push_back(text.substr(0, end));
  }
  pieces.push_back(text);
  return pieces;
}

std::string_view BaseName(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

}  // namespace neso
