// What the options of a server can ask for and this server cannot do yet.
//
// Asking for missing behaviour is an error that names the option: silently serving without a restriction, say, would be
// worse. The table here loses a row with each capability that arrives.
#pragma once

#include <string>
#include <vector>

#include "engine/server_options.h"

namespace neso {

// One line each: "--metrics-config summary_latencies: this server does not have latency summaries yet".
std::vector<std::string> MissingBehaviour(const ServerOptions& options);

// Such a line.
std::string MissingLine(const char* option, const char* what);

}  // namespace neso
