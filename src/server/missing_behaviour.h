// What the command line can ask for and this server cannot do yet.
//
// That is what the server cannot (engine/missing_behaviour.h) and what its services cannot. An option that only
// switches something off, restates a default or sizes something absent is accepted. The tables lose a row with each
// capability that arrives.
#pragma once

#include <string>
#include <vector>

#include "server/options.h"

namespace neso {

// One line each: "--metrics-config summary_latencies: this server does not have latency summaries yet".
std::vector<std::string> MissingBehaviour(const Options& options);

// Names of the given options that are accepted and change nothing yet.
std::vector<std::string> OptionsWithoutEffect(const Options& options);

}  // namespace neso
