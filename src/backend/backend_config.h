// What a backend gets to know of the command line: the JSON of TRITONBACKEND_BackendConfig.
#pragma once

#include <string>

#include "backend/backend_options.h"

namespace neso {

// {"cmdline":{"auto-complete-config":"true",...}}: settings common to all backends and those of `backend`, which win,
// together with what the server itself tells, sorted by name; defaults for what is missing come last. All are strings.
std::string BackendConfigJson(const BackendOptions& options, const std::string& backend);

}  // namespace neso
