// Tables for people, as the start-up log shows them:
//
//   +---------+---------+--------+
//   | Model   | Version | Status |
//   +---------+---------+--------+
//   | digits  | 1       | READY  |
//   +---------+---------+--------+
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace neso {

// The first row is the heading. A cell wider than its column's share of `total_width` goes on in further lines, broken
// anywhere; line ends inside a cell break it too. Every line, the last included, ends with a line end.
// Precondition: all rows have as many cells as the first one.
std::string DrawTable(const std::vector<std::vector<std::string>>& rows, size_t total_width);

// Width of the terminal on stdout; 500 when stdout is no terminal, so that log files are not wrapped.
size_t TerminalWidth();

}  // namespace neso
