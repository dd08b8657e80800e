#include "base/nearest.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace neso {
namespace {

constexpr size_t kLongestName = 128;

}  // namespace

// The "optimal string alignment" distance: three rows of the usual table of prefixes, two for edits, one for swaps.
size_t TypingErrors(std::string_view typed, std::string_view meant) {
  const std::string a = ToLowerAscii(typed);
  const std::string b = ToLowerAscii(meant);
  std::vector<size_t> before(b.size() + 1), above(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    std::swap(before, above);
    std::swap(above, row);
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row[b.size()];
}

std::vector<std::string> NearestNames(std::string_view typed, const std::vector<std::string>& names, size_t limit) {
  if (typed.empty() || typed.size() > kLongestName) return {};
  std::vector<std::pair<size_t, const std::string*>> near;
  std::vector<std::string> containing;
  for (const std::string& name : names) {
    if (name.size() > kLongestName) continue;
    const size_t errors = TypingErrors(typed, name);
    if (errors <= std::max<size_t>(1, std::max(typed.size(), name.size()) / 3)) near.emplace_back(errors, &name);
    const bool contains = ToLowerAscii(name).find(ToLowerAscii(typed)) != std::string::npos;
    if (contains && containing.size() < limit) containing.push_back(name);
  }
  if (near.empty()) return containing;
  std::stable_sort(near.begin(), near.end(), [](const auto& x, const auto& y) { return x.first < y.first; });
  std::vector<std::string> nearest;
  for (const auto& [errors, name] : near) {
    // What is twice as far away as the best was not meant.
    if (nearest.size() == limit || errors > 2 * near.front().first) break;
    nearest.push_back(*name);
  }
  return nearest;
}

}  // namespace neso
