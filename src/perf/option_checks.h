// Which options of `neso perf` go together.
#pragma once

#include <string>
#include <vector>

#include "perf/options.h"

namespace neso::perf {

// `modes`: the names of the options that say what load there is, in the order they were given. Error: kInvalidArg with
// what to leave out, or what is missing.
Status CheckOptions(const Options& options, const std::vector<std::string>& modes);

}  // namespace neso::perf
