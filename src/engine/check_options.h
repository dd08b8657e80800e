// What of the options this server cannot do.
#pragma once

#include <string>

#include "base/status.h"
#include "engine/server_options.h"

namespace neso {

// Errors: kInvalidArg for values that make no sense; kUnsupported, naming the option, for behaviour that is asked for
// and not there.
Status CheckServerOptions(const ServerOptions& options);

// The last value given for a metrics setting, or `otherwise`.
std::string MetricsSetting(const ServerOptions& options, const std::string& setting, const std::string& otherwise);

}  // namespace neso
