// Measures the loads that the options ask for on one server, and says what comes of each.
//
//   LoadRun run(options, *target);
//   RETURN_IF_ERROR(run.MeasureAll());
//   ... run.results() ...
#pragma once

#include <optional>
#include <vector>

#include "perf/load_search.h"
#include "perf/measure.h"
#include "perf/server_metrics.h"
#include "perf/target.h"

namespace neso::perf {

// Prints on stdout, and on stderr what went wrong. Confined to a thread.
class LoadRun {
 public:
  // All outlive it. `metrics` null: none are collected.
  LoadRun(const Options& options, Target& target, MetricsCollector* metrics)
      : options_(options), target_(target), metrics_(metrics) {}

  // An interrupt ends it, too, without an error.
  Status MeasureAll();
  // After an error, too. Those that were stable, interrupted, or went over the limit, or could be judged nonetheless when
  // a limit is searched for.
  const std::vector<Measured>& results() const { return results_; }
  // False: a limit was searched for, and it is not known where it is.
  bool is_complete() const { return is_complete_; }
  // The highest load that was good, of a search; 0 if none was. None: it is not known, or not all was measured.
  std::optional<double> limit() const { return limit_; }

 private:
  Expected<Verdict> MeasureAt(double load);
  Verdict Judge(Measured measured);
  bool CanUse(const Measured& measured) const;

  const Options& options_;
  Target& target_;
  MetricsCollector* const metrics_;
  std::vector<Measured> results_;
  bool is_complete_ = true;
  std::optional<double> limit_;
};

}  // namespace neso::perf
