#include "engine/on_demand_metrics.h"

#include <string>

namespace neso {
namespace {

std::string DeviceName(int gpu) { return "gpu" + std::to_string(gpu); }

void WriteUse(MetricWriter& writer, const char* name, MetricLabels labels, const MemoryUse& use) {
  labels["device"] = "host";
  writer.Line(name, labels, static_cast<uint64_t>(use.host));
  for (const auto& [gpu, bytes] : use.gpus) {
    labels["device"] = DeviceName(gpu);
    writer.Line(name, labels, static_cast<uint64_t>(bytes));
  }
}

void WriteBudget(MetricWriter& writer, const MemoryLimits& budget) {
  if (budget.host == MemoryLimits::kNone && budget.gpus.empty()) return;
  constexpr const char* kBudget = "neso_on_demand_memory_budget_bytes";
  writer.BeginFamily(kBudget, "Memory that all loaded models together may take, in bytes", MetricKind::kGauge);
  if (budget.host != MemoryLimits::kNone) {
    writer.Line(kBudget, {{"device", "host"}}, static_cast<uint64_t>(budget.host));
  }
  for (const auto& [gpu, bytes] : budget.gpus) {
    writer.Line(kBudget, {{"device", DeviceName(gpu)}}, static_cast<uint64_t>(bytes));
  }
}

void WriteCounter(MetricWriter& writer, const char* name, const char* help, uint64_t value) {
  writer.BeginFamily(name, help, MetricKind::kCounter);
  writer.Line(name, {}, value);
}

void WriteModels(MetricWriter& writer, const OnDemandReport& report) {
  constexpr const char* kLoaded = "neso_on_demand_loaded_models";
  writer.BeginFamily(kLoaded, "Number of models that are loaded", MetricKind::kGauge);
  writer.Line(kLoaded, {}, uint64_t{report.models.size()});
  if (report.models.empty()) return;
  constexpr const char* kModel = "neso_on_demand_model_memory_bytes";
  writer.BeginFamily(kModel, "Memory that a model was measured to take when it was loaded, in bytes",
                     MetricKind::kGauge);
  for (const OnDemandReport::LoadedModel& model : report.models) {
    WriteUse(writer, kModel, {{"model", model.name}}, model.use);
  }
}

}  // namespace

MetricCollector OnDemandMetricsCollector(const OnDemandModels& models) {
  return [&models](MetricWriter& writer) {
    const OnDemandReport report = models.Report();
    WriteModels(writer, report);
    constexpr const char* kUse = "neso_on_demand_memory_bytes";
    writer.BeginFamily(kUse, "Memory that models take which are loaded, being loaded or leaving, in bytes",
                       MetricKind::kGauge);
    WriteUse(writer, kUse, {}, report.use);
    WriteBudget(writer, report.budget);
    constexpr const char* kWaiting = "neso_on_demand_waiting_requests";
    writer.BeginFamily(kWaiting, "Number of requests that wait for their model to be loaded", MetricKind::kGauge);
    writer.Line(kWaiting, {}, uint64_t{report.waiting_requests});
    WriteCounter(writer, "neso_on_demand_loads", "Number of models that requests have loaded", report.loads);
    WriteCounter(writer, "neso_on_demand_failed_loads", "Number of models that requests could not load",
                 report.failed_loads);
    WriteCounter(writer, "neso_on_demand_waits", "Number of requests that have waited for their model", report.waits);
    WriteCounter(writer, "neso_on_demand_waits_given_up",
                 "Number of requests that have waited for their model for as long as they may, in vain",
                 report.given_up_waits);
    WriteCounter(writer, "neso_on_demand_wait_duration_us",
                 "Cumulative time that requests have waited for their model, in microseconds", report.wait_us);
    constexpr const char* kEvictions = "neso_on_demand_evictions";
    writer.BeginFamily(kEvictions, "Number of models that have left, by reason", MetricKind::kCounter);
    writer.Line(kEvictions, {{"reason", "room"}}, report.left_for_room);
    writer.Line(kEvictions, {{"reason", "idle"}}, report.left_idle);
  };
}

}  // namespace neso
