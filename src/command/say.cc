#include "command/say.h"

#include <cstdio>

#include "base/table.h"

namespace neso::command {
namespace {

constexpr size_t kNoTerminal = 100'000;  // wide enough for any cell

}  // namespace

void Say(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void SayTable(const std::vector<std::vector<std::string>>& rows) {
  Say(DrawForTerminal(rows, TerminalWidth().value_or(kNoTerminal)));
}

}  // namespace neso::command
