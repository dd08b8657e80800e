// What commands print.
#pragma once

#include <string>
#include <vector>

namespace neso::command {

// To stdout.
void Say(const std::string& text);

// Rows, the heading first, as wide as the terminal, or as it takes where there is none.
void SayTable(const std::vector<std::vector<std::string>>& rows);

}  // namespace neso::command
