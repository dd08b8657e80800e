// How wide text is on a terminal, which is not what it takes in bytes: "näme" has four columns, and most signs of
// Chinese have two each.
#pragma once

#include <cstddef>
#include <string_view>

namespace neso {

// Columns. What is no UTF-8, or cannot be seen, counts one for each byte.
size_t DisplayWidth(std::string_view text);

// The longest front of `text` that takes `columns` at most; one character at least, unless there is none.
std::string_view FrontOfWidth(std::string_view text, size_t columns);

}  // namespace neso
