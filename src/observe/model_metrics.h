// The metrics of every model version, read from the models' own statistics when somebody scrapes.
//
//   registry.AddCollector(ModelMetricsCollector([&] { return server.ReadyModels(); }, {.counter_latencies = true}));
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/model.h"
#include "observe/metric_registry.h"

namespace neso {

struct ModelMetricsOptions {
  // --metrics-config counter_latencies: without it the duration counters are left out and the counts stay 0.
  bool counter_latencies = true;
  // Whether there is a response cache, which some models use.
  bool has_cache = false;
  // The UUID of a GPU, which labels what instances there did; empty where it is not known. Not set: no such labels.
  std::function<std::string(int gpu)> gpu_uuid{};
};

using ModelLister = std::function<std::vector<ModelHandle>()>;

// Those that each line about a model version has.
MetricLabels LabelsOf(const Model& model);

// Model versions appear in the order the lister gives them.
MetricCollector ModelMetricsCollector(ModelLister models, ModelMetricsOptions options);

}  // namespace neso
