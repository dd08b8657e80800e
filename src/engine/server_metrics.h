// Metrics of the server and its models that are no part of the contract: whether it serves, what it has loaded, how much
// may wait, how much memory it takes.
//
//   registry.AddCollector(ServerMetricsCollector(server));
#pragma once

#include "engine/inference_server.h"
#include "observe/metric_registry.h"

namespace neso {

// `server` outlives it.
MetricCollector ServerMetricsCollector(const InferenceServer& server);

}  // namespace neso
