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
  std::string url;         // a server in control mode EXPLICIT; empty: one is started
  std::string repository;  // for that one
  std::string folder;      // where what is found goes
  Axes axes;               // empty: chosen for the model
  uint64_t most_at_once = 64;
  Goal goal;
  int percentile = 99;  // the latency that counts
  uint64_t interval_ms = 500;
  bool is_whole = false;
  std::vector<std::string> perf_words;  // behind "--"
};

// `words` follow "tune". None: help was asked for, and printed. Errors: kInvalidArg with what was expected.
Expected<std::optional<TuneOptions>> ParseTuneOptions(const std::vector<std::string>& words);

// As `neso perf` measures a candidate. Error: kInvalidArg for what stands behind "--".
Expected<Options> PerfOptionsOf(const TuneOptions& options, const std::string& url);

}  // namespace neso::perf
