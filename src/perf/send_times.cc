#include "perf/send_times.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/read_file.h"
#include "base/text.h"

namespace neso::perf {
namespace {

constexpr size_t kMostFileBytes = size_t{256} << 20;
constexpr Nanoseconds kForever = std::chrono::hours(24 * 365);

}  // namespace

SendTimes SendTimes::AtRate(double per_second, Distribution distribution) {
  SendTimes times;
  times.mean_ns_ = 1e9 / per_second;
  times.is_poisson_ = distribution == Distribution::kPoisson;
  return times;
}

SendTimes SendTimes::AtIntervals(std::vector<Nanoseconds> intervals) {
  SendTimes times;
  times.intervals_ = std::move(intervals);
  return times;
}

SendTimes SendTimes::AtOffsets(const std::vector<Nanoseconds>& offsets) {
  SendTimes times;
  times.repeats_ = false;
  times.first_pause_ = offsets.front();
  for (size_t i = 1; i < offsets.size(); i++) times.intervals_.push_back(offsets[i] - offsets[i - 1]);
  times.intervals_.push_back(kForever);
  return times;
}

Nanoseconds SendTimes::NextPause() {
  if (!repeats_ && next_ == intervals_.size()) return kForever;
  if (!intervals_.empty()) {
    const Nanoseconds pause = intervals_[next_];
    next_ = repeats_ ? (next_ + 1) % intervals_.size() : next_ + 1;
    return pause;
  }
  const double pause = is_poisson_ ? std::exponential_distribution<double>(1 / mean_ns_)(random_) : mean_ns_;
  return Nanoseconds(std::max<int64_t>(1, std::llround(pause)));
}

Expected<std::vector<Nanoseconds>> ReadIntervals(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kMostFileBytes));
  std::vector<Nanoseconds> intervals;
  size_t line_number = 0;
  for (const std::string_view line : Split(text, '\n')) {
    line_number++;
    const std::string_view word = TrimBlanks(line);
    if (word.empty()) continue;
    int64_t microseconds = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), microseconds);
    if (error != std::errc() || end != word.data() + word.size() || microseconds <= 0 || microseconds > 86'400'000'000)
      return InvalidArg("{}:{}: expected microseconds between two requests, above 0, got '{}'", path, line_number,
                        word);
    intervals.emplace_back(std::chrono::microseconds(microseconds));
  }
  if (intervals.empty()) return InvalidArg("{}: expected a number of microseconds in each line, found none", path);
  return intervals;
}

double RateOf(const std::vector<Nanoseconds>& intervals) {
  Nanoseconds sum{0};
  for (const Nanoseconds interval : intervals) sum += interval;
  return static_cast<double>(intervals.size()) / std::chrono::duration<double>(sum).count();
}

}  // namespace neso::perf
