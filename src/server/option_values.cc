#include "server/option_values.h"

#include <cerrno>
#include <cstdlib>
#include <limits>

#include "base/text.h"

namespace neso {
namespace {

// std::stoi and its family without exceptions: leading blanks are skipped, what follows the number is ignored.
template <typename T, typename Wide>
Expected<T> ParseNumber(const std::string& text, const std::string& shown, Wide (*convert)(const char*, char**)) {
  errno = 0;
  char* end = nullptr;
  const Wide wide = convert(text.c_str(), &end);
  if (end == text.c_str()) return InvalidArg("Invalid option value. Got {}", shown);
  if (errno == ERANGE || wide < static_cast<Wide>(std::numeric_limits<T>::lowest()) ||
      wide > static_cast<Wide>(std::numeric_limits<T>::max())) {
    return InvalidArg("Provided option value is out of bound. Got {}", shown);
  }
  return static_cast<T>(wide);
}

}  // namespace

template <>
Expected<bool> ParseValue(const std::string& text, const std::string& shown) {
  const std::string lower = ToLowerAscii(text);
  if (lower == "true" || lower == "on" || lower == "1") return true;
  if (lower == "false" || lower == "off" || lower == "0") return false;
  return InvalidArg("invalid value for bool option: {}", shown);
}

template <>
Expected<int> ParseValue(const std::string& text, const std::string& shown) {
  return ParseNumber<int, long long>(text, shown, [](const char* s, char** end) { return std::strtoll(s, end, 10); });
}

template <>
Expected<int64_t> ParseValue(const std::string& text, const std::string& shown) {
  return ParseNumber<int64_t, long long>(text, shown,
                                         [](const char* s, char** end) { return std::strtoll(s, end, 10); });
}

template <>
Expected<uint64_t> ParseValue(const std::string& text, const std::string& shown) {
  return ParseNumber<uint64_t, unsigned long long>(text, shown,
                                                   [](const char* s, char** end) { return std::strtoull(s, end, 10); });
}

template <>
Expected<unsigned> ParseValue(const std::string& text, const std::string& shown) {
  ASSIGN_OR_RETURN(const int value, ParseValue<int>(text, shown));
  return value < 0 ? 0U : static_cast<unsigned>(value);
}

template <>
Expected<double> ParseValue(const std::string& text, const std::string& shown) {
  errno = 0;
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (end == text.c_str()) return InvalidArg("Invalid option value. Got {}", shown);
  if (errno == ERANGE) return InvalidArg("Provided option value is out of bound. Got {}", shown);
  return value;
}

template <>
Expected<std::string> ParseValue(const std::string& text, const std::string&) {
  return text;
}

Expected<int> ParseIntOrBool(const std::string& text) {
  const std::string lower = ToLowerAscii(text);
  if (lower == "true") return 1;
  if (lower == "false") return 0;
  return ParseValue<int>(text);
}

Expected<int> ParsePort(const std::string& text) {
  ASSIGN_OR_RETURN(const int port, ParseValue<int>(text));
  if (port < 0 || port > 65535) return InvalidArg("Provided option value is out of bound. Got {}", text);
  return port;
}

Expected<std::pair<std::string, std::string>> ParsePair(const std::string& text, std::string_view delimiter) {
  const size_t at = text.find(delimiter);
  if (at == std::string::npos) {
    return InvalidArg("expected two values with '{}' between them: <first>{}<second>. Got {}", delimiter, delimiter,
                      text);
  }
  return std::pair(text.substr(0, at), text.substr(at + delimiter.size()));
}

Status MalformedSetting(std::string_view option, std::string_view form, std::string_view text) {
  return InvalidArg("--{} option format is '{}'. Got {}", option, form, text);
}

Expected<NamedSetting> ParseNamedSetting(const std::string& text, NameIs name, std::string_view option,
                                         std::string_view form) {
  const auto malformed = [&] { return MalformedSetting(option, form, text); };
  const size_t comma = text.find(',');
  if (comma == 0) return malformed();
  if (comma == std::string::npos && name == NameIs::kRequired) return malformed();
  const size_t setting = comma == std::string::npos ? 0 : comma + 1;
  const size_t equals = text.find('=', setting);
  if (equals == std::string::npos) return malformed();
  NamedSetting result{.name = comma == std::string::npos ? "" : text.substr(0, comma),
                      .setting = text.substr(setting, equals - setting),
                      .value = text.substr(equals + 1)};
  if (result.setting.empty() || result.value.empty()) return malformed();
  return result;
}

}  // namespace neso
