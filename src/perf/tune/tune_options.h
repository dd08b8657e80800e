// The command line of `neso tune`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "perf/options.h"
#include "perf/tune/candidate.h"
#include "perf/tune/goal.h"

namespace neso::perf {

struct TuneOptions {
  std::string model;
  std::string repository;  // for a server that is started; empty: `load.url` is one in control mode EXPLICIT
  std::string folder;      // where what is found goes
  Axes axes;               // empty: chosen for the model
  uint64_t most_at_once = 64;
  Goal goal;
  int percentile = 99;  // the latency that counts
  uint64_t interval_ms = 500;
  bool is_whole = false;
  bool json = false;
  Options load;  // as `neso perf` measures a candidate
};

// `arguments` follow "tune". None: help was asked for, and printed. Errors: kInvalidArg with what was expected.
Expected<std::optional<TuneOptions>> ParseTuneOptions(const std::vector<std::string>& arguments);

// For man pages and completion.
PerfOutline OutlineOfTune();

}  // namespace neso::perf
