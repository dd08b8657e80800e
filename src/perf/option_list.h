// The options of `neso perf` (options.cc), for man pages and completion.
#pragma once

#include <vector>

#include "base/perf_entry.h"

namespace neso::perf {

std::vector<PerfOption> DescribeOptions();

}  // namespace neso::perf
