// Text for messages, without a formatting library.
//
//   Concat("input '", name, "': expected shape ", ShapeText(expected), ", got ", ShapeText(shape))
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace neso::backend {

template <typename... Parts>
std::string Concat(const Parts&... parts) {
  std::string text;
  const auto append = [&text](const auto& part) {
    using Part = std::decay_t<decltype(part)>;
    if constexpr (std::is_same_v<Part, bool>) {
      text += part ? "true" : "false";
    } else if constexpr (std::is_same_v<Part, char>) {
      text += part;
    } else if constexpr (std::is_enum_v<Part>) {
      text += std::to_string(static_cast<int64_t>(part));
    } else if constexpr (std::is_arithmetic_v<Part>) {
      text += std::to_string(part);
    } else {
      text += std::string_view(part);
    }
  };
  (append(parts), ...);
  return text;
}

// "[2,-1,3]"
inline std::string ShapeText(std::span<const int64_t> shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) {
    if (i > 0) text += ',';
    text += std::to_string(shape[i]);
  }
  return text += ']';
}

// The parts of `text` between the separators, without empty ones.
inline std::vector<std::string> Split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find(separator));
    if (!part.empty()) parts.emplace_back(part);
    text.remove_prefix(part.size() < text.size() ? part.size() + 1 : part.size());
  }
  return parts;
}

}  // namespace neso::backend
