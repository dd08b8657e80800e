#include "client/metrics_text.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.h"

namespace neso::client {
namespace {

bool IsNamePart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == ':' || c == '.';
}

std::string_view TakeName(std::string_view& line) {
  size_t size = 0;
  while (size < line.size() && IsNamePart(line[size])) size++;
  const std::string_view name = line.substr(0, size);
  line.remove_prefix(size);
  return name;
}

std::string_view TakeWord(std::string_view& line) {
  line = TrimBlanks(line);
  const std::string_view word = line.substr(0, line.find_first_of(" \t"));
  line.remove_prefix(word.size());
  return word;
}

bool TakeSign(std::string_view& line, char sign) {
  if (!line.starts_with(sign)) return false;
  line.remove_prefix(1);
  return true;
}

// The rest of a text in quotes, whose opening one is gone.
Expected<std::string> TakeQuoted(std::string_view& line) {
  std::string text;
  for (size_t i = 0; i < line.size(); i++) {
    if (line[i] == '"') {
      line.remove_prefix(i + 1);
      return text;
    }
    if (line[i] == '\\' && i + 1 < line.size()) {
      i++;
      text += line[i] == 'n' ? '\n' : line[i];
    } else {
      text += line[i];
    }
  }
  return InvalidArg("a label's value that does not end");
}

Status TakeLabels(std::string_view& line, MetricSample& sample) {
  if (!TakeSign(line, '{')) return {};
  while (true) {
    line = TrimBlanks(line);
    if (TakeSign(line, '}')) return {};
    const std::string_view name = TakeName(line);
    if (name.empty() || !TakeSign(line, '=') || !TakeSign(line, '"'))
      return InvalidArg("expected a label such as model=\"digits\"");
    ASSIGN_OR_RETURN(std::string value, TakeQuoted(line));
    sample.labels.emplace_back(name, std::move(value));
    line = TrimBlanks(line);
    if (!TakeSign(line, ',') && !line.starts_with('}')) return InvalidArg("expected ',' or '}}' after a label");
  }
}

Expected<double> ReadValue(std::string_view word) {
  if (word.starts_with('+')) word.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error == std::errc::invalid_argument || end != word.data() + word.size())
    return InvalidArg("expected a number, got '{}'", word);
  return value;
}

// Whether `name` is that of `family`, or of one of its parts.
bool IsOf(const MetricFamily& family, std::string_view name) {
  constexpr std::array<std::string_view, 6> kParts = {"", "_total", "_bucket", "_sum", "_count", "_created"};
  return name.starts_with(family.name) && std::ranges::find(kParts, name.substr(family.name.size())) != kParts.end();
}

MetricFamily& FamilyOf(std::vector<MetricFamily>& families, std::string_view name) {
  if (families.empty() || families.back().name != name)
    families.push_back({.name = std::string(name), .type = "untyped", .help = ""});
  return families.back();
}

void TakeComment(std::string_view line, std::vector<MetricFamily>& families) {
  const std::string_view kind = TakeWord(line);
  if (kind != "HELP" && kind != "TYPE") return;
  MetricFamily& family = FamilyOf(families, TakeWord(line));
  (kind == "HELP" ? family.help : family.type) = TrimBlanks(line);
}

Status TakeSample(std::string_view line, std::vector<MetricFamily>& families) {
  MetricSample sample;
  sample.name = TakeName(line);
  if (sample.name.empty()) return InvalidArg("expected the name of a metric, got '{}'", line.substr(0, 40));
  RETURN_IF_ERROR(TakeLabels(line, sample));
  ASSIGN_OR_RETURN(sample.value, ReadValue(TakeWord(line)));
  const bool goes_on = !families.empty() && IsOf(families.back(), sample.name);
  (goes_on ? families.back() : FamilyOf(families, sample.name)).samples.push_back(std::move(sample));
  return {};
}

}  // namespace

std::string_view MetricSample::Label(std::string_view label) const {
  const auto found = std::ranges::find_if(labels, [label](const auto& pair) { return pair.first == label; });
  return found == labels.end() ? std::string_view() : found->second;
}

Expected<std::vector<MetricFamily>> ParseMetrics(std::string_view text) {
  std::vector<MetricFamily> families;
  size_t number = 0;
  for (std::string_view line : Split(text, '\n')) {
    number++;
    line = TrimBlanks(line);
    if (line.empty()) continue;
    if (TakeSign(line, '#')) {
      TakeComment(line, families);
    } else if (const Status taken = TakeSample(line, families); !taken.ok()) {
      return taken.WithContext("metrics, line {}", number);
    }
  }
  return families;
}

}  // namespace neso::client
