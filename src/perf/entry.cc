// The one name that this library shows.
#include "base/perf_entry.h"
#include "perf/options.h"
#include "perf/perf_command.h"
#include "perf/profile/profile_command.h"
#include "perf/profile/profile_options.h"
#include "perf/tune/tune_command.h"
#include "perf/tune/tune_options.h"

namespace {

int Run(const std::vector<std::string>& arguments) {
  if (arguments[1] == "tune") return neso::perf::RunTune(arguments);
  if (arguments[1] == "profile") return neso::perf::RunProfile(arguments);
  return neso::perf::RunPerf(arguments);
}

neso::PerfOutline Outline(const std::string& command) {
  if (command == "tune") return neso::perf::OutlineOfTune();
  if (command == "profile") return neso::perf::OutlineOfProfile();
  return neso::perf::OutlineOfPerf();
}

}  // namespace

extern "C" {
extern const neso::PerfEntry neso_perf_entry __attribute__((visibility("default")));
const neso::PerfEntry neso_perf_entry = {.run = Run, .outline = Outline};
}
