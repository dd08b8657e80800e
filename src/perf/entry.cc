// The one name that this library shows.
#include "base/perf_entry.h"
#include "perf/option_list.h"
#include "perf/perf_command.h"
#include "perf/profile/profile_command.h"
#include "perf/tune/tune_command.h"

namespace {

int Run(const std::vector<std::string>& arguments) {
  if (arguments[1] == "tune") return neso::perf::RunTune(arguments);
  if (arguments[1] == "profile") return neso::perf::RunProfile(arguments);
  return neso::perf::RunPerf(arguments);
}

}  // namespace

extern "C" {
extern const neso::PerfEntry neso_perf_entry __attribute__((visibility("default")));
const neso::PerfEntry neso_perf_entry = {.run = Run, .options = neso::perf::DescribeOptions};
}
