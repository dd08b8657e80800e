// Summaries of how long the requests of each model version took (--metrics-config summary_latencies).
#pragma once

#include <vector>

#include "observe/model_metrics.h"

namespace neso {

// `quantiles` from 0 to 1. Models have summaries if theirs were enabled; those that use the response cache, if there
// is one, have other ones than the rest.
MetricCollector ModelSummariesCollector(ModelLister models, std::vector<double> quantiles, bool has_cache);

}  // namespace neso
