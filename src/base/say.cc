#include "base/say.h"

#include <cstdio>

#include "base/terminal_text.h"
#include "base/utf8.h"

namespace neso {
namespace {

void Print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

}  // namespace

void Say(const std::string& text) { Print(WithoutControls(text)); }

void SayJson(const std::string& json) { Print(ToUtf8(json) + "\n"); }

}  // namespace neso
