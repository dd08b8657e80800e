// What `neso tune` has found as JSON, for programs. docs/tuning.md has what stands in it.
#pragma once

#include <span>
#include <string>

#include "perf/tune/tune_report.h"

namespace neso::perf {

// With a line's end.
std::string TrialsJson(std::span<const Trial> trials, const Trial& best, const TuneOptions& options);

}  // namespace neso::perf
