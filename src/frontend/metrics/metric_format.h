// In which form a scraper gets the metrics.
//
//   FormatFor("application/openmetrics-text;version=1.0.0, text/plain;q=0.5", true)  // kOpenMetrics
#pragma once

#include <string_view>

#include "observe/metric_registry.h"

namespace neso {

// `accept`: the request's header, empty if it has none. The text form, unless the client does not take it; with
// `prefers_openmetrics` OpenMetrics, too, for a client that likes it at least as much. Prometheus asks for both, and knows
// Triton's counters by the names that they have in the text form only.
// Source: RFC 9110, section 12.5.1.
MetricFormat FormatFor(std::string_view accept, bool prefers_openmetrics);

}  // namespace neso
