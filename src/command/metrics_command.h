// `neso metrics`: what a server counts.
#pragma once

#include "client/metrics_text.h"
#include "command/asking.h"
#include "command/command.h"

namespace neso::command {

// Where the metrics of the server are: `given`, or two ports above that of HTTP and one above that of gRPC, as servers
// have them by themselves. With TLS if the server is asked with TLS, unless `given` begins with http://.
// Error: kInvalidArg for an address that is none.
Expected<std::string> MetricsUrl(const Asking& asking, const std::string& given);

void AddMetricsUrl(CLI::App& app, std::string& url);

// Errors: kUnavailable, and how to name another port.
Expected<std::vector<client::MetricFamily>> AskMetrics(const Asking& asking, const std::string& metrics_url);

Action SetUpMetrics(CLI::App& app, const ProgramParts& parts);

}  // namespace neso::command
