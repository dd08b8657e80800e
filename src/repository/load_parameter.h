// A parameter of a load request: "config" with a configuration's JSON text, or "file:<path>" with a file's bytes.
#pragma once

#include <string>
#include <string_view>

namespace neso {

inline constexpr std::string_view kFileParameter = "file:";

struct LoadParameter {
  std::string name;
  bool is_bytes = false;
  std::string value;
};

}  // namespace neso
