#include "perf/load_search.h"

#include <cmath>

namespace neso::perf {
namespace {

constexpr double kMostLoad = 1 << 20;

}  // namespace

LoadSearch::LoadSearch(const Options& options)
    : kind_(options.search), range_(options.range), is_whole_(!IsByTime(options.load)) {}

std::optional<double> LoadSearch::Next() {
  if (!last_) return last_ = range_.start;
  if (unknown()) return std::nullopt;
  std::optional<double> next;
  switch (kind_) {
    case SearchKind::kLinear: next = NextOfRange(); break;
    case SearchKind::kBinary:
      next = good_ == 0 || bad_ != 0 ? Halfway() : good_ < range_.end ? std::optional(range_.end) : std::nullopt;
      break;
    case SearchKind::kLimit:
      next = bad_ != 0 ? Halfway() : good_ < kMostLoad ? std::optional(good_ * 2) : std::nullopt;
      break;
  }
  if (next) last_ = next;
  return next;
}

void LoadSearch::Judge(Verdict verdict) {
  verdict_ = verdict;
  if (verdict == Verdict::kGood) good_ = *last_;
  if (verdict == Verdict::kTooMuch) bad_ = *last_;
}

std::optional<double> LoadSearch::unknown() const {
  return kind_ != SearchKind::kLinear && verdict_ == Verdict::kUnstable ? last_ : std::nullopt;
}

// A load that is too much ends it, since what follows is more; one that is not stable does if there is no other end.
std::optional<double> LoadSearch::NextOfRange() const {
  const bool is_open_ended = range_.end < range_.start;
  if (verdict_ == Verdict::kTooMuch || (verdict_ == Verdict::kUnstable && is_open_ended)) return std::nullopt;
  // Counted from the start, and the end may be passed by what rounding adds: 0.1, 0.2 and 0.3 are three.
  const double next = range_.start + (std::round((*last_ - range_.start) / range_.step) + 1) * range_.step;
  if (is_open_ended || next <= range_.end) return next;
  return next - range_.end < range_.step * 1e-6 ? std::optional(range_.end) : std::nullopt;
}

// Between what was good and what was too much, until they are as near as they need to be: a step of the range, or one
// request at a time, or a twentieth of a rate.
std::optional<double> LoadSearch::Halfway() const {
  if (good_ == 0 && kind_ == SearchKind::kBinary) return std::nullopt;
  const double near = kind_ == SearchKind::kBinary ? range_.step : is_whole_ ? 1 : bad_ / 20;
  if (bad_ - good_ <= near) return std::nullopt;
  const double middle = (good_ + bad_) / 2;
  return is_whole_ ? std::floor(middle) : middle;
}

}  // namespace neso::perf
