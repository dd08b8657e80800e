// Numbers that the process is told in its environment: the hooks that test suites of users set.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <system_error>

namespace neso {

// 0 when the variable is not there or does not begin with a number.
inline uint64_t NumberFromEnvironment(const char* name) {
  const char* const value = std::getenv(name);
  const std::string_view text = value == nullptr ? std::string_view() : value;
  uint64_t number = 0;
  const auto [unused, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() ? number : 0;
}

}  // namespace neso
