#include "command/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace neso::command {
namespace {

constexpr std::chrono::milliseconds kQuick{300};
constexpr std::chrono::milliseconds kBetweenDrawings{100};
constexpr const char* kToLineStartAndClear = "\r\x1b[K";

}  // namespace

std::string ProgressLine(const std::string& what, uint64_t done, uint64_t total) {
  constexpr size_t kWidth = 30;
  const double share = total == 0 ? 1 : std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
  const auto full = static_cast<size_t>(share * kWidth);
  return fmt::format("{}  [{}{}]  {:.0f} %", what, std::string(full, '#'), std::string(kWidth - full, '.'),
                     share * 100);
}

Progress::Progress(std::string what, uint64_t total)
    : what_(std::move(what)),
      total_(total),
      is_shown_(isatty(STDERR_FILENO) == 1),
      next_(std::chrono::steady_clock::now() + kQuick) {}

Progress::~Progress() {
  if (has_drawn_) std::fputs(kToLineStartAndClear, stderr);
}

void Progress::Add(uint64_t amount) {
  done_ += amount;
  const auto now = std::chrono::steady_clock::now();
  if (!is_shown_ || now < next_) return;
  next_ = now + kBetweenDrawings;
  has_drawn_ = true;
  std::fputs((kToLineStartAndClear + ProgressLine(what_, done_, total_)).c_str(), stderr);
  std::fflush(stderr);
}

}  // namespace neso::command
