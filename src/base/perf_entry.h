// What the library of `neso perf`, `neso profile` and `neso tune` (src/perf) is to the program that opens it.
#pragma once

#include <string>
#include <vector>

namespace neso {

struct PerfOption {
  std::vector<std::string> names;  // "--url", "-u"
  std::string argument;            // "HOST:PORT"; empty: takes none
  std::string help;
};

// Exported as "neso_perf_entry".
struct PerfEntry {
  // `arguments`: those of the process, "perf", "profile" or "tune" second. Returns the exit code.
  int (*run)(const std::vector<std::string>& arguments);
  // Those of `neso perf`, for man pages and completion.
  std::vector<PerfOption> (*options)();
};

}  // namespace neso
