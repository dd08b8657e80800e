#include "base/table.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <numeric>

#include "base/display_width.h"
#include "base/text.h"

namespace neso {
namespace {

using Row = std::vector<std::string>;

size_t LongestLine(const std::string& cell) {
  size_t longest = 0;
  for (std::string_view line : Split(cell, '\n')) longest = std::max(longest, DisplayWidth(line));
  return longest;
}

std::vector<size_t> NeededWidths(const std::vector<Row>& rows) {
  std::vector<size_t> widths(rows.front().size(), 1);
  for (const Row& row : rows) {
    for (size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], LongestLine(row[c]));
  }
  return widths;
}

// Of the lines and blanks around cells.
size_t FrameWidth(const std::vector<size_t>& widths) { return 3 * widths.size() + 1; }

// What each column needs, or its share of what there is: columns that need less than an even share leave the rest to
// the wider ones.
std::vector<size_t> ColumnWidths(const std::vector<Row>& rows, size_t total_width) {
  std::vector<size_t> widths = NeededWidths(rows);
  const size_t frame = FrameWidth(widths);
  size_t left = std::max(total_width, frame + widths.size()) - frame;
  std::vector<size_t*> narrowest_first;
  for (size_t& width : widths) narrowest_first.push_back(&width);
  std::sort(narrowest_first.begin(), narrowest_first.end(), [](const size_t* a, const size_t* b) { return *a < *b; });
  for (size_t i = 0; i < narrowest_first.size(); ++i) {
    size_t& width = *narrowest_first[i];
    width = std::min(width, std::max<size_t>(1, left / (narrowest_first.size() - i)));
    left -= std::min(left, width);
  }
  return widths;
}

std::vector<std::string_view> Wrap(std::string_view cell, size_t width) {
  std::vector<std::string_view> lines;
  for (std::string_view line : Split(cell, '\n')) {
    std::string_view front = FrontOfWidth(line, width);
    for (; front.size() < line.size(); front = FrontOfWidth(line, width)) {
      lines.push_back(front);
      line.remove_prefix(front.size());
    }
    lines.push_back(line);
  }
  return lines;
}

void AppendDivider(std::string& out, const std::vector<size_t>& widths) {
  for (size_t width : widths) out.append("+").append(width + 2, '-');
  out += "+\n";
}

void AppendRow(std::string& out, const Row& row, const std::vector<size_t>& widths) {
  std::vector<std::vector<std::string_view>> cells;
  size_t height = 1;
  for (size_t c = 0; c < row.size(); ++c) {
    cells.push_back(Wrap(row[c], widths[c]));
    height = std::max(height, cells.back().size());
  }
  for (size_t line = 0; line < height; ++line) {
    for (size_t c = 0; c < row.size(); ++c) {
      const std::string_view text = line < cells[c].size() ? cells[c][line] : std::string_view();
      const size_t blanks = widths[c] - std::min(widths[c], DisplayWidth(text)) + 1;
      out.append("| ").append(text).append(blanks, ' ');
    }
    out += "|\n";
  }
}

}  // namespace

std::string DrawTable(const std::vector<std::vector<std::string>>& rows, size_t total_width) {
  const std::vector<size_t> widths = ColumnWidths(rows, total_width);
  std::string table;
  AppendDivider(table, widths);
  AppendRow(table, rows.front(), widths);
  AppendDivider(table, widths);
  for (size_t r = 1; r < rows.size(); ++r) AppendRow(table, rows[r], widths);
  AppendDivider(table, widths);
  return table;
}

size_t TableWidth(const std::vector<std::vector<std::string>>& rows) {
  const std::vector<size_t> needed = NeededWidths(rows);
  return std::accumulate(needed.begin(), needed.end(), FrameWidth(needed));
}

std::string DrawForTerminal(const std::vector<std::vector<std::string>>& rows, size_t width) {
  const Row& heading = rows.front();
  if (TableWidth(rows) <= width) return DrawTable(rows, width);
  std::string lines;
  for (size_t r = 1; r < rows.size(); ++r) {
    const Row& row = rows[r];
    if (row.size() == 2) {
      lines.append(row[0]).append(": ").append(row[1]);
    } else {
      lines.append(heading[0]).append(" ").append(row[0]);
      for (size_t c = 1; c < row.size(); ++c) lines.append("\n  ").append(heading[c]).append(": ").append(row[c]);
    }
    lines += '\n';
  }
  return lines;
}

std::optional<TerminalSize> SizeOfTerminal() {
  winsize size{};
  if (isatty(STDOUT_FILENO) != 1 || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return {};
  return TerminalSize{.columns = size.ws_col, .rows = size.ws_row};
}

std::optional<size_t> TerminalWidth() {
  const std::optional<TerminalSize> size = SizeOfTerminal();
  return size ? std::optional(size->columns) : std::nullopt;
}

}  // namespace neso
