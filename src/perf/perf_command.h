// `neso perf`: loads a server and says how it does.
#pragma once

#include <string>
#include <vector>

#include "base/perf_entry.h"

namespace neso::perf {

// perf_analyzer's, and kPerfFailed; what was interrupted returns 128 and the signal's number.
inline constexpr int kMeasured = 0;
inline constexpr int kUnstable = 2;
inline constexpr int kPerfMisused = 3;

// `arguments`: those of the process, "perf" second. Returns the exit code.
int RunPerf(const std::vector<std::string>& arguments);

}  // namespace neso::perf
