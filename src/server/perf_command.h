// `neso perf`, which is a library of its own (src/perf).
#pragma once

#include <string>
#include <vector>

namespace neso {

// `arguments`: those of the process, "perf" second. Returns the exit code.
int OpenPerf(const std::vector<std::string>& arguments);

}  // namespace neso
