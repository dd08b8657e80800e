#include "server/startup_failures.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace neso {
namespace {

constexpr size_t kMaxNamed = 20;
constexpr size_t kMaxReasonBytes = 500;

std::string OnOneLine(std::string_view reason) {
  std::string line(reason.substr(0, kMaxReasonBytes));
  std::replace_if(
      line.begin(), line.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  while (line.ends_with(' ') || line.ends_with(';')) line.pop_back();
  if (reason.size() > kMaxReasonBytes) line += "...";
  return line;
}

}  // namespace

std::string NamesAndReasons(const std::map<std::string, std::string>& failures) {
  std::string text = failures.size() == 1 ? "1 model" : std::to_string(failures.size()) + " models";
  text += " could not be loaded: ";
  size_t named = 0;
  for (const auto& [name, reason] : failures) {
    if (named == kMaxNamed) return fmt::format("{} and {} more", text, failures.size() - named);
    text += fmt::format("{}'{}' ({})", named == 0 ? "" : ", ", name, OnOneLine(reason));
    ++named;
  }
  return text;
}

}  // namespace neso
