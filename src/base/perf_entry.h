// What the library of `neso perf`, `neso profile` and `neso tune` (src/perf) is to the program that opens it.
#pragma once

#include <string>
#include <vector>

namespace neso {

// perf_analyzer's exit code of what went wrong, which `neso perf` has, too.
inline constexpr int kPerfFailed = 99;

struct PerfOption {
  std::vector<std::string> names;  // "--url", "-u"; of an argument its name only
  std::string argument;            // "HOST:PORT"; empty: takes none
  std::string help;
  bool is_required = false;
};

// What one of the commands takes, in the order in which it is told.
struct PerfOutline {
  std::vector<PerfOption> options;
  std::string footer;  // below them: more about them, and "Example:"
};

// Exported as "neso_perf_entry".
struct PerfEntry {
  // `arguments`: those of the process, "perf", "profile" or "tune" second. Returns the exit code.
  int (*run)(const std::vector<std::string>& arguments);
  // For man pages and completion. `command`: one of the three.
  PerfOutline (*outline)(const std::string& command);
};

}  // namespace neso
