// `neso metrics`: what a server counts.
#pragma once

#include "client/metrics_text.h"
#include "command/asking.h"
#include "command/command.h"

namespace neso::command {

// Where the metrics of the server are: as given, or two ports above that of HTTP and one above that of gRPC, as servers
// have them by themselves; 8002 for one at a socket file. With TLS if the server is asked with TLS, unless the address
// that is given begins with http://. Error: kInvalidArg for an address that is none, and where there is no such port.
Expected<std::string> MetricsUrl(const Asking& asking);

void AddMetricsUrl(CLI::App& app, Asking& asking);

// Errors: kUnavailable, and how to name another port.
Expected<std::vector<client::MetricFamily>> AskMetrics(const Asking& asking);

Action SetUpMetrics(CLI::App& app, const ProgramParts& parts);

}  // namespace neso::command
