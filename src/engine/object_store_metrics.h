// What object stores were asked for, and how far downloads are.
#pragma once

#include "observe/metric_registry.h"
#include "repository/storage/storages.h"

namespace neso {

// Writes nothing as long as no repository lies in an object store. `storages` outlives the collector.
MetricCollector ObjectStoreMetricsCollector(const Storages& storages);

}  // namespace neso
