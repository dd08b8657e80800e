// Values of the command line, as text.
//
//   ParseValue<bool>("On") is true, ParseValue<int>(" 12abc") is 12: whatever the C library's conversions accept.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/status.h"

namespace neso {

// Errors: kInvalidArg "Invalid option value. Got X", "Provided option value is out of bound. Got X" or
// "invalid value for bool option: X". `shown` is the X, when `text` is a part of the argument.
template <typename T>
Expected<T> ParseValue(const std::string& text, const std::string& shown);
template <>
Expected<bool> ParseValue(const std::string& text, const std::string& shown);
template <>
Expected<int> ParseValue(const std::string& text, const std::string& shown);
template <>
Expected<int64_t> ParseValue(const std::string& text, const std::string& shown);
template <>
Expected<uint64_t> ParseValue(const std::string& text, const std::string& shown);
// A count or duration that cannot be negative: read as int, negative values become 0.
template <>
Expected<unsigned> ParseValue(const std::string& text, const std::string& shown);
template <>
Expected<double> ParseValue(const std::string& text, const std::string& shown);
template <>
Expected<std::string> ParseValue(const std::string& text, const std::string& shown);

template <typename T>
Expected<T> ParseValue(const std::string& text) {
  return ParseValue<T>(text, text);
}

// "true" is 1, "false" is 0, else an integer.
Expected<int> ParseIntOrBool(const std::string& text);

// 0 to 65535.
Expected<int> ParsePort(const std::string& text);

// "A<delimiter>B", split at the first delimiter.
Expected<std::pair<std::string, std::string>> ParsePair(const std::string& text, std::string_view delimiter);

// "<name>,<setting>=<value>"; without a name (no comma in front of the '=') `name` is empty.
struct NamedSetting {
  std::string name;
  std::string setting;
  std::string value;
};
enum class NameIs { kRequired, kOptional };
// The error of a value that has not the form: `form` is "<backend name>,<setting>=<value>", say.
Status MalformedSetting(std::string_view option, std::string_view form, std::string_view text);
Expected<NamedSetting> ParseNamedSetting(const std::string& text, NameIs name, std::string_view option,
                                         std::string_view form);

}  // namespace neso
