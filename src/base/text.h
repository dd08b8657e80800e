// Small text helpers every room needs.
//
//   for (std::string_view word : Split("gzip, deflate", ',')) Use(TrimBlanks(word));
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace neso {

// ASCII only, whatever the locale.
std::string ToLowerAscii(std::string_view text);
bool EqualsIgnoreCaseAscii(std::string_view a, std::string_view b);

// Without blanks, tabs and line ends at both sides.
std::string_view TrimBlanks(std::string_view text);

// All pieces, empty ones included: Split("a,,b", ',') is {"a", "", "b"} and Split("", ',') is {""}. Views into `text`.
std::vector<std::string_view> Split(std::string_view text, char delimiter);

// Join({"a", "b"}, ", ") is "a, b". Works on any range of things that are appended to a string.
template <typename Range>
std::string Join(const Range& pieces, std::string_view delimiter) {
  std::string joined;
  bool first = true;
  for (const auto& piece : pieces) {
    if (!first) joined += delimiter;
    joined += piece;
    first = false;
  }
  return joined;
}

// The part after the last '/': "src/base/log.cc" is "log.cc".
std::string_view BaseName(std::string_view path);

}  // namespace neso
