// The one name that this library shows.
#include "perf/perf_command.h"

extern "C" {
extern const neso::perf::PerfEntry neso_perf_entry __attribute__((visibility("default")));
const neso::perf::PerfEntry neso_perf_entry = neso::perf::RunPerf;
}
