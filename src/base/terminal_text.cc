#include "base/terminal_text.h"

namespace neso {
namespace {

bool IsControl(unsigned char c) { return (c < 0x20 && c != '\n' && c != '\t') || c == 0x7f; }

}  // namespace

std::string WithoutControls(std::string text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : 0);
    if (IsControl(byte)) {
      text[i] = '?';
    } else if (byte == 0xc2 && next >= 0x80 && next <= 0x9f) {
      text[i] = text[i + 1] = '?';
    }
  }
  return text;
}

}  // namespace neso
