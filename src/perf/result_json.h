// What was measured as JSON, for programs: --json of `neso perf`. docs/perf.md has what stands in it.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "perf/measure.h"
#include "perf/model_facts.h"
#include "perf/versus.h"

namespace neso::perf {

// `limit`: that of a search, 0 if none of its loads was good; none if it is not known. Both with a line's end.
std::string ResultsJson(const Options& options, const ModelFacts& facts, std::span<const Measured> results,
                        std::optional<double> limit);
std::string ComparisonsJson(const Options& options, std::span<const Comparison> comparisons);

}  // namespace neso::perf
