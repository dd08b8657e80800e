// The times of every request, and what it brought and got, as JSON: perf_analyzer's profile export.
#pragma once

#include <span>
#include <string>

#include "perf/measure.h"
#include "perf/target.h"

namespace neso::perf {

// Times in nanoseconds of the system's clock.
std::string ExportJson(const Options& options, const Target& target, std::span<const Measured> results);

}  // namespace neso::perf
