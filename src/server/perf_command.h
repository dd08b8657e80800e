// `neso perf`, `neso profile` and `neso tune`, which are a library of their own (src/perf).
#pragma once

#include <string>
#include <vector>

namespace neso {

// `arguments`: those of the process, "perf", "profile" or "tune" second. Returns the exit code.
int OpenPerf(const std::vector<std::string>& arguments);

}  // namespace neso
