// What of the options this server cannot do.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/server_options.h"

namespace neso {

// Errors: kInvalidArg for values that make no sense; kUnsupported, naming the option, for behaviour that is asked for
// and not there.
Status CheckServerOptions(const ServerOptions& options);

// The last value given for a metrics setting, or `otherwise`.
std::string MetricsSetting(const ServerOptions& options, const std::string& setting, const std::string& otherwise);

// Whether scrapers that take OpenMetrics and the text form get the first if they like it more (openmetrics is "true");
// counters have other names there.
bool PrefersOpenMetrics(const ServerOptions& options);

// The buckets of the models' duration histograms, in milliseconds; nothing unless histogram_latencies is "true".
// Error: kInvalidArg for a histogram_buckets that is no ascending list of numbers.
Expected<std::optional<std::vector<double>>> HistogramBounds(const ServerOptions& options);

// Whether models have latency summaries (summary_latencies), and the quantiles they show: those of summary_quantiles,
// a list of quantile:error, from 0 to 1. The log says which items are left out because they are something else. The
// errors are not needed: ours are smaller than any that makes sense.
bool HasSummaries(const ServerOptions& options);
std::vector<double> SummaryQuantiles(const ServerOptions& options);

}  // namespace neso
