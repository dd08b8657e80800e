// What can be decided only when the whole command line has been seen: defaults that depend on other options, options
// that exclude each other, services that would share a port.
#pragma once

#include "base/status.h"
#include "server/option_spec.h"

namespace neso {

// Before the rows run: defaults that the environment gives (Vertex AI's AIP_* variables).
Status ApplyEnvironmentDefaults(ParseState& state, const Environment& environment);

// After the rows have run. Errors: kInvalidArg with the text to show behind the usage.
Status FinishOptions(ParseState& state, const Environment& environment);

}  // namespace neso
