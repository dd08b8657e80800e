// What `neso tune` has found: a table, a configuration, and a page with plots.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "perf/measure.h"
#include "perf/tune/candidate.h"
#include "perf/tune/tune_options.h"

namespace neso::perf {

// A candidate, and how it did.
struct Trial {
  Trial() = default;
  Trial(Trial&&) = default;  // `best` points into `loads`, which move as they are
  Trial& operator=(Trial&&) = default;

  Candidate candidate;
  std::string failure;             // why it could not be served, or not with more requests at a time; empty: it was
  std::vector<Measured> loads;     // one after the other
  double ram_mib = 0;              // the most that the server took; 0: not known
  const Measured* best = nullptr;  // within the limits, of the highest score; null: none is
  double score = 0;                // its
};

Figures FiguresOf(const Measured& load, const Trial& trial, const TuneOptions& options);

// Finds the best of the trial's loads; of nearly the same score the first, which has fewer requests at a time.
void ChooseLoad(Trial& trial, const TuneOptions& options);

std::string TrialText(const Trial& trial, const TuneOptions& options);
std::string TrialsCsv(std::span<const Trial> trials, const TuneOptions& options);
std::string TrialsHtml(std::span<const Trial> trials, const Trial& best, const std::string& config_text,
                       const TuneOptions& options);
// config.pbtxt, with a comment that says what it is.
std::string ConfigText(const inference::ModelConfig& config, const Trial& now, const Trial& best,
                       const TuneOptions& options);

}  // namespace neso::perf
