#include "command/say.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "base/table.h"
#include "base/terminal_text.h"

namespace neso::command {
namespace {

constexpr size_t kNoTerminal = 100'000;  // wide enough for any cell
constexpr const char* kHomeAndClear = "\x1b[H\x1b[J";

}  // namespace

void ClearScreen() {
  const char* const name = std::getenv("TERM");
  if (name != nullptr && *name != '\0' && std::string_view(name) != "dumb") std::fputs(kHomeAndClear, stdout);
}

void Warn(const std::string& text) { std::fprintf(stderr, "warning: %s\n", WithoutControls(text).c_str()); }

Status CheckOutput() {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return {};
  // Why is forgotten by now. One more line is told the same.
  errno = 0;
  std::fputc('\n', stdout);
  std::fflush(stdout);
  if (errno == EPIPE) return Cancelled("nobody reads the output any more");
  return Unavailable("cannot write the output: {}", errno == 0 ? "some of it is lost" : std::strerror(errno));
}

void SayTable(const std::vector<std::vector<std::string>>& rows) {
  Say(DrawForTerminal(rows, TerminalWidth().value_or(kNoTerminal)));
}

}  // namespace neso::command
