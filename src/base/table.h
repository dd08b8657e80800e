// Tables for people, as the start-up log shows them:
//
//   +---------+---------+--------+
//   | Model   | Version | Status |
//   +---------+---------+--------+
//   | digits  | 1       | READY  |
//   +---------+---------+--------+
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace neso {

// The first row is the heading. A cell wider than its column's share of `total_width` goes on in further lines, broken
// anywhere; line ends inside a cell break it too. Every line, the last included, ends with a line end.
// Precondition: all rows have as many cells as the first one.
std::string DrawTable(const std::vector<std::vector<std::string>>& rows, size_t total_width);

// The same rows for people in front of a terminal of `width` columns: as a table if every cell fits, or else as lines,
// which the terminal may wrap as it likes: "option: value" for two columns, and for more
//
//   Model digits
//     Version: 1
//     Status: UNAVAILABLE: Internal: ...
std::string DrawForTerminal(const std::vector<std::vector<std::string>>& rows, size_t width);

// Columns that a table takes in which every cell fits.
size_t TableWidth(const std::vector<std::vector<std::string>>& rows);

struct TerminalSize {
  size_t columns = 0;
  size_t rows = 0;  // 0: nobody knows
};

// The terminal on stdout, and its columns; none when stdout is no terminal.
std::optional<TerminalSize> SizeOfTerminal();
std::optional<size_t> TerminalWidth();

}  // namespace neso
