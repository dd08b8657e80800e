// What the command line can ask for and this server cannot do yet.
//
// Asking for missing behaviour is an error that names the option: silently serving without a restriction, say, would be
// worse. An option that only switches something off, restates a default or sizes something absent is accepted. The
// tables lose a row with each capability that arrives.
#pragma once

#include <string>
#include <vector>

#include "server/options.h"

namespace neso {

// One line each: "--trace-config mode=opentelemetry: this server does not have traces for OpenTelemetry yet".
std::vector<std::string> MissingBehaviour(const Options& options);

// Names of the given options that are accepted and change nothing yet.
std::vector<std::string> OptionsWithoutEffect(const Options& options);

}  // namespace neso
