#include "engine/server_metrics.h"

#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "observe/model_metrics.h"
#include "repository/model_state.h"

namespace neso {
namespace {

void WriteServer(MetricWriter& writer, const InferenceServer& server, uint64_t start_ns) {
  constexpr const char* kBuild = "neso_build_info";
  writer.BeginFamily(kBuild, "The version of Neso, and that of Triton which it replaces; 1", MetricKind::kGauge);
  writer.Line(kBuild, {{"version", NESO_VERSION}, {"triton_version", kServerVersion}}, uint64_t{1});
  constexpr const char* kUptime = "neso_uptime_seconds";
  writer.BeginFamily(kUptime, "Time since the server began to start, in seconds", MetricKind::kGauge);
  writer.Line(kUptime, {}, static_cast<double>(SteadyNanoseconds() - start_ns) / 1e9);
  constexpr const char* kReady = "neso_server_ready";
  writer.BeginFamily(kReady, "1 while the server is ready, as /v2/health/ready says; otherwise 0", MetricKind::kGauge);
  writer.Line(kReady, {}, uint64_t{server.IsReadyButForBackends() ? 1U : 0U});
}

// A model without a version to serve counts as one that is not available.
ModelState CountedState(const ModelIndexEntry& entry) {
  return entry.state == ModelState::kUnknown ? ModelState::kUnavailable : entry.state;
}

// Those that were unloaded on purpose are not there any more.
void WriteStates(MetricWriter& writer, const InferenceServer& server) {
  std::map<std::string, uint64_t> counts;
  for (const ModelState state :
       {ModelState::kReady, ModelState::kLoading, ModelState::kUnloading, ModelState::kUnavailable}) {
    counts[ModelStateName(state)] = 0;
  }
  std::map<std::string, std::string> unknown;
  // Models on demand are tried again: what became of the first try is no matter.
  if (!server.options().load_on_demand) unknown = server.StartupFailures();
  for (const ModelIndexEntry& entry : server.ModelStates()) {
    unknown.erase(entry.name);
    const ModelState state = CountedState(entry);
    if (state != ModelState::kUnavailable || entry.reason != kUnloadedReason) ++counts[ModelStateName(state)];
  }
  // What could not even be read.
  counts[ModelStateName(ModelState::kUnavailable)] += unknown.size();
  constexpr const char* kName = "neso_model_versions";
  writer.BeginFamily(kName, "Number of model versions by state", MetricKind::kGauge);
  for (const auto& [state, count] : counts) writer.Line(kName, {{"state", state}}, count);
}

struct ModelFamily {
  const char* name;
  const char* help;
  uint64_t (*value)(const Model& model);  // 0: no line
};

constexpr std::array kModelFamilies = {
    ModelFamily{"neso_model_max_batch_size", "The most rows of one execution; models that do not batch have none",
                [](const Model& model) { return uint64_t{model.max_batch_size()}; }},
    ModelFamily{"neso_model_instances", "Number of instances, as configured",
                [](const Model& model) {
                  uint64_t count = 0;
                  for (const auto& group : model.config().instance_group()) {
                    count += static_cast<uint64_t>(group.count()) *
                             static_cast<uint64_t>(group.gpus().empty() ? 1 : group.gpus_size());
                  }
                  return count;
                }},
    ModelFamily{"neso_model_max_queue_size", "How many requests may wait before more are refused, if there is a limit",
                [](const Model& model) {
                  return uint64_t{model.config().dynamic_batching().default_queue_policy().max_queue_size()};
                }},
};

void WriteModels(MetricWriter& writer, const std::vector<ModelHandle>& models) {
  for (const ModelFamily& family : kModelFamilies) {
    bool has_begun = false;
    for (const ModelHandle& model : models) {
      const uint64_t value = family.value(*model);
      if (value == 0) continue;
      if (!std::exchange(has_begun, true)) writer.BeginFamily(family.name, family.help, MetricKind::kGauge);
      writer.Line(family.name, LabelsOf(*model), value);
    }
  }
}

// Instances report one by one: what they have in one place is one number.
void WriteMemory(MetricWriter& writer, const std::vector<ModelHandle>& models) {
  constexpr const char* kName = "neso_model_memory_bytes";
  bool has_begun = false;
  for (const ModelHandle& model : models) {
    std::map<std::pair<std::string, int64_t>, uint64_t> places;
    for (const auto& usage : model->statistics().MemoryUsages()) places[{usage.type, usage.id}] += usage.byte_size;
    for (const auto& [place, bytes] : places) {
      if (!std::exchange(has_begun, true)) {
        writer.BeginFamily(kName, "Memory of the model, as its backend reports it, in bytes", MetricKind::kGauge);
      }
      MetricLabels labels = LabelsOf(*model);
      labels["memory_type"] = place.first;
      labels["memory_id"] = std::to_string(place.second);
      writer.Line(kName, labels, bytes);
    }
  }
}

}  // namespace

MetricCollector ServerMetricsCollector(const InferenceServer& server) {
  return [&server, start_ns = SteadyNanoseconds()](MetricWriter& writer) {
    WriteServer(writer, server, start_ns);
    WriteStates(writer, server);
    const std::vector<ModelHandle> models = server.ReadyModels();
    WriteModels(writer, models);
    WriteMemory(writer, models);
  };
}

}  // namespace neso
