// Which loads are measured, one after the other: all of a range, or those that lead to the highest one that is good.
//
//   LoadSearch search(options);
//   while (const std::optional<double> load = search.Next()) search.Judge(MeasureIt(*load));
#pragma once

#include <optional>

#include "perf/options.h"

namespace neso::perf {

// kUnstable: it is not known which of the others a load is.
enum class Verdict { kGood, kTooMuch, kUnstable };

// Confined to a thread.
class LoadSearch {
 public:
  explicit LoadSearch(const Options& options);

  // None: that was all. Each is to be judged before the next.
  std::optional<double> Next();
  void Judge(Verdict verdict);

  // The highest that was good, and the lowest that was too much, so far; 0: none was.
  double good() const { return good_; }
  double bad() const { return bad_; }
  // The load of which nothing is known, which ended the search for a limit.
  std::optional<double> unknown() const;

 private:
  std::optional<double> NextOfRange() const;
  std::optional<double> Halfway() const;

  const SearchKind kind_;
  const Range range_;
  const bool is_whole_;  // loads are whole numbers
  std::optional<double> last_;
  std::optional<Verdict> verdict_;
  double good_ = 0, bad_ = 0;
};

}  // namespace neso::perf
