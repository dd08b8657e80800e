// The one name that this library shows.
#include "perf/perf_command.h"
#include "perf/tune/tune_command.h"

namespace {

int RunPerfOrTune(const std::vector<std::string>& arguments) {
  return arguments[1] == "tune" ? neso::perf::RunTune(arguments) : neso::perf::RunPerf(arguments);
}

}  // namespace

extern "C" {
extern const neso::perf::PerfEntry neso_perf_entry __attribute__((visibility("default")));
const neso::perf::PerfEntry neso_perf_entry = RunPerfOrTune;
}
