// Metrics of models that are loaded on demand, read when somebody scrapes.
#pragma once

#include "observe/metric_registry.h"
#include "repository/on_demand/on_demand_models.h"

namespace neso {

// `models` outlives the collector.
MetricCollector OnDemandMetricsCollector(const OnDemandModels& models);

}  // namespace neso
