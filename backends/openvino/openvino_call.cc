#include "openvino_call.h"

namespace neso::openvino {
namespace {

// "Check 'x > 0' failed at src/core/shape.cpp:12:", with or without what follows in that line, and "Exception from
// src/core/shape.cpp:12:".
std::string_view WithoutPlace(std::string_view line) {
  if (line.starts_with("Exception from ") && line.ends_with(":")) return "";
  const size_t place = line.starts_with("Check '") ? line.find("' failed at ") : std::string_view::npos;
  if (place == std::string_view::npos) return line;
  const size_t end = line.find(": ", place);
  return end == std::string_view::npos ? "" : line.substr(end + 2);
}

std::string_view Trimmed(std::string_view text) {
  constexpr const char* kBlanks = " \t\r";
  const size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return "";
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

}  // namespace

std::string PlainText(std::string_view what) {
  std::string plain;
  while (!what.empty()) {
    const size_t end = what.find('\n');
    const std::string_view line = Trimmed(WithoutPlace(Trimmed(what.substr(0, end))));
    what = end == std::string_view::npos ? "" : what.substr(end + 1);
    if (line.empty()) continue;
    if (!plain.empty()) plain += plain.ends_with(':') ? " " : "; ";
    plain += line;
  }
  return plain.empty() ? "OpenVINO does not say why" : plain;
}

}  // namespace neso::openvino
