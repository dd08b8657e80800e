// `neso perf`: loads a server and says how it does.
#pragma once

#include <string>
#include <vector>

namespace neso::perf {

// perf_analyzer's; what was interrupted returns 128 and the signal's number.
inline constexpr int kMeasured = 0;
inline constexpr int kUnstable = 2;
inline constexpr int kPerfMisused = 3;
inline constexpr int kPerfFailed = 99;

// `arguments`: those of the process, "perf" second. Returns the exit code.
int RunPerf(const std::vector<std::string>& arguments);

}  // namespace neso::perf
