// Settings that arrive as text: model parameters and the server's --backend-config.
//
//   NESO_ASSIGN_OR_RETURN(const bool arena, config.parameters.Or("enable_mem_arena", true));
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "neso/backend/status.h"

namespace neso::backend {

// Whole texts only: "12 " and "" are errors. INVALID_ARG says what could not be converted.
inline Result<int64_t> ParseInt(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    return Status::InvalidArg("failed to convert '", text, "' to integer");
  }
  return number;
}

inline Result<double> ParseDouble(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    return Status::InvalidArg("failed to convert '", text, "' to number");
  }
  return number;
}

// "true", "on", "1", "false", "off" and "0", in any case.
inline Result<bool> ParseBool(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  if (lower == "true" || lower == "on" || lower == "1") return true;
  if (lower == "false" || lower == "off" || lower == "0") return false;
  return Status::InvalidArg("failed to convert '", text, "' to boolean");
}

// A few named texts; a vector because they are few and looked up at start only.
class Parameters {
 public:
  void Add(std::string name, std::string value) { values_.emplace_back(std::move(name), std::move(value)); }

  std::optional<std::string_view> Find(std::string_view name) const {
    for (const auto& [key, value] : values_) {
      if (key == name) return value;
    }
    return std::nullopt;
  }

  // The value of that name, or `fallback`. INVALID_ARG if it is there and cannot be converted.
  std::string Or(std::string_view name, const char* fallback) const {
    return std::string(Find(name).value_or(fallback));
  }
  Result<bool> Or(std::string_view name, bool fallback) const { return Convert(name, fallback, ParseBool); }
  Result<int64_t> Or(std::string_view name, int64_t fallback) const { return Convert(name, fallback, ParseInt); }
  Result<int64_t> Or(std::string_view name, int fallback) const { return Or(name, static_cast<int64_t>(fallback)); }
  Result<double> Or(std::string_view name, double fallback) const { return Convert(name, fallback, ParseDouble); }

  auto begin() const { return values_.begin(); }
  auto end() const { return values_.end(); }

 private:
  template <typename T>
  Result<T> Convert(std::string_view name, T fallback, Result<T> (*parse)(std::string_view)) const {
    const std::optional<std::string_view> text = Find(name);
    if (!text) return fallback;
    Result<T> value = parse(*text);
    if (!value) return Status::InvalidArg("parameter '", name, "': ", value.status().message());
    return value;
  }

  std::vector<std::pair<std::string, std::string>> values_;
};

}  // namespace neso::backend
