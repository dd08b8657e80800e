// This program has a libtritonserver.so in it already, Neso's. Plug-ins that another one opens would find the functions of
// the C interface there: so for another one the process begins anew, with that one before ours.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"

namespace neso::perf {

// Returns when `library` is the first in this process; else the process begins anew, with the same `arguments`.
// Errors: kNotFound with the loader's reason; kUnavailable when the loader does not take it.
Status BeginWithLibrary(const std::string& library, const std::vector<std::string>& arguments);

}  // namespace neso::perf
