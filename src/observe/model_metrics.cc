#include "observe/model_metrics.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "observe/custom_metrics.h"

namespace neso {
namespace {

constexpr double kNsPerMs = 1e6;

struct Reading {
  ModelHandle model;
  MetricLabels labels;
  StatisticsTotals statistics;
  CountExemplars exemplars;
  std::optional<LatencyReadings> latencies;
  bool is_of_gpu = false;  // only of what instances on one GPU did; the model has another reading for the rest
};

using CounterValue = uint64_t (*)(const StatisticsTotals&);

struct CounterFamily {
  const char* name;
  const char* help;
  CounterValue value;
};

constexpr std::array kCounts = {
    CounterFamily{"nv_inference_count", "Number of inferences performed (does not include cached requests)",
                  [](const StatisticsTotals& s) { return s.inference_count; }},
    CounterFamily{"nv_inference_exec_count", "Number of model executions performed (does not include cached requests)",
                  [](const StatisticsTotals& s) { return s.execution_count; }},
};

constexpr std::array kDurations = {
    CounterFamily{"nv_inference_request_duration_us",
                  "Cumulative inference request duration in microseconds (includes cached requests)",
                  [](const StatisticsTotals& s) { return s.request_us; }},
    CounterFamily{"nv_inference_queue_duration_us",
                  "Cumulative inference queuing duration in microseconds (includes cached requests)",
                  [](const StatisticsTotals& s) { return s.queue_us; }},
    CounterFamily{"nv_inference_compute_input_duration_us",
                  "Cumulative compute input duration in microseconds (does not include cached requests)",
                  [](const StatisticsTotals& s) { return s.compute_input_us; }},
    CounterFamily{"nv_inference_compute_infer_duration_us",
                  "Cumulative compute inference duration in microseconds (does not include cached requests)",
                  [](const StatisticsTotals& s) { return s.compute_infer_us; }},
    CounterFamily{"nv_inference_compute_output_duration_us",
                  "Cumulative inference compute output duration in microseconds (does not include cached requests)",
                  [](const StatisticsTotals& s) { return s.compute_output_us; }},
};

// Of models that use the response cache.
constexpr std::array kCacheCounters = {
    CounterFamily{"nv_cache_num_hits_per_model", "Number of cache hits per model",
                  [](const StatisticsTotals& s) { return s.cache_hit.count; }},
    CounterFamily{"nv_cache_num_misses_per_model", "Number of cache misses per model",
                  [](const StatisticsTotals& s) { return s.cache_miss.count; }},
    CounterFamily{"nv_cache_hit_duration_per_model", "Total cache hit duration per model, in microseconds",
                  [](const StatisticsTotals& s) { return s.cache_hit_us; }},
    CounterFamily{"nv_cache_miss_duration_per_model",
                  "Total cache miss (insert+lookup) duration per model, in microseconds",
                  [](const StatisticsTotals& s) { return s.cache_miss_us; }},
};

MetricNotes NotesOf(const Reading& reading) { return {.created_ms = reading.model->statistics().created_ms()}; }

void WriteCounter(MetricWriter& writer, const CounterFamily& family, const std::vector<Reading>& readings) {
  writer.BeginFamily(family.name, family.help, MetricKind::kCounter);
  for (const Reading& reading : readings) {
    writer.Line(family.name, reading.labels, family.value(reading.statistics), NotesOf(reading));
  }
}

void WriteSuccesses(MetricWriter& writer, const std::vector<Reading>& readings) {
  constexpr const char* kName = "nv_inference_request_success";
  writer.BeginFamily(kName, "Number of successful inference requests, all batch sizes", MetricKind::kCounter);
  for (const Reading& reading : readings) {
    MetricNotes notes = NotesOf(reading);
    notes.exemplar = reading.exemplars.success;
    writer.Line(kName, reading.labels, reading.statistics.success.count, notes);
  }
}

void WriteFailures(MetricWriter& writer, const std::vector<Reading>& readings) {
  // In the order of InferenceRequest::FailureReason.
  constexpr std::array<const char*, 4> kReasons = {"REJECTED", "CANCELED", "BACKEND", "OTHER"};
  constexpr const char* kName = "nv_inference_request_failure";
  writer.BeginFamily(kName, "Number of failed inference requests, all batch sizes", MetricKind::kCounter);
  for (const Reading& reading : readings) {
    MetricLabels labels = reading.labels;
    for (size_t i = 0; i < kReasons.size(); ++i) {
      labels["reason"] = kReasons[i];
      MetricNotes notes = NotesOf(reading);
      notes.exemplar = reading.exemplars.failures[i];
      writer.Line(kName, labels, reading.statistics.failures[i], notes);
    }
  }
}

void WriteGauges(MetricWriter& writer, const std::vector<Reading>& readings) {
  constexpr const char* kPending = "nv_inference_pending_request_count";
  writer.BeginFamily(kPending, "Instantaneous number of pending requests awaiting execution per-model.",
                     MetricKind::kGauge);
  for (const Reading& reading : readings) {
    if (reading.is_of_gpu) continue;
    writer.Line(kPending, reading.labels, static_cast<double>(reading.model->statistics().pending()));
  }
  constexpr const char* kLoad = "nv_model_load_duration_secs";
  writer.BeginFamily(kLoad, "Model load time in seconds", MetricKind::kGauge);
  for (const Reading& reading : readings) {
    if (!reading.is_of_gpu) writer.Line(kLoad, reading.labels, reading.model->load_seconds());
  }
}

void WriteCacheCounters(MetricWriter& writer, const std::vector<Reading>& readings) {
  for (const CounterFamily& family : kCacheCounters) {
    bool has_begun = false;
    for (const Reading& reading : readings) {
      if (!reading.model->config().response_cache().enable()) continue;
      if (!std::exchange(has_begun, true)) writer.BeginFamily(family.name, family.help, MetricKind::kCounter);
      writer.Line(family.name, reading.labels, family.value(reading.statistics), NotesOf(reading));
    }
  }
}

void WriteLatencies(MetricWriter& writer, const std::vector<Reading>& readings) {
  for (size_t i = 0; i < kLatencies; ++i) {
    bool has_begun = false;
    for (const Reading& reading : readings) {
      if (!reading.latencies) continue;
      const LatencyFamily& family = kLatencyFamilies[i];
      if (!std::exchange(has_begun, true)) writer.BeginFamily(family.name, family.help, MetricKind::kHistogram);
      const HistogramReading& histogram = (*reading.latencies)[i];
      writer.Histogram(family.name, reading.labels,
                       {.bounds = histogram.bounds_ms,
                        .counts = histogram.counts,
                        .sum = static_cast<double>(histogram.sum_ns) / kNsPerMs,
                        .created_ms = NotesOf(reading).created_ms,
                        .exemplars = histogram.exemplars,
                        .exemplar_unit = kNsPerMs});
    }
  }
}

// A tag may be any text; what no label's name can have becomes an underscore, as Prometheus does it, since a scraper
// refuses all metrics for one such name.
std::string LabelOfTag(std::string_view tag) {
  std::string label = "_" + std::string(tag);
  std::replace_if(
      label.begin(), label.end(), [](char c) { return !IsNamePart(c); }, '_');
  return label;
}

// One for the model, and one for each GPU with a known UUID that instances of it run on.
void AddReadings(const ModelHandle& model, const ModelMetricsOptions& options, std::vector<Reading>& readings) {
  const size_t own = readings.size();
  readings.emplace_back();
  readings[own].model = model;
  readings[own].labels = LabelsOf(*model);
  readings[own].latencies = model->statistics().Latencies();
  if (!options.counter_latencies) return;
  for (const auto& [gpu, counts] : model->statistics().CountsByGpu()) {
    const std::string uuid = gpu == ModelStatistics::kNoGpu || !options.gpu_uuid ? "" : options.gpu_uuid(gpu);
    if (uuid.empty()) {
      readings[own].statistics.Merge(counts.totals);
      readings[own].exemplars.Merge(counts.exemplars);
      continue;
    }
    Reading& on_gpu = readings.emplace_back();
    on_gpu.model = model;
    on_gpu.labels = readings[own].labels;
    on_gpu.labels["gpu_uuid"] = uuid;
    on_gpu.statistics = counts.totals;
    on_gpu.exemplars = counts.exemplars;
    on_gpu.is_of_gpu = true;
  }
}

void WriteModels(MetricWriter& writer, const std::vector<ModelHandle>& models, const ModelMetricsOptions& options) {
  if (models.empty()) return;
  std::vector<Reading> readings;
  readings.reserve(models.size());
  for (const ModelHandle& model : models) AddReadings(model, options, readings);

  WriteSuccesses(writer, readings);
  WriteFailures(writer, readings);
  for (const CounterFamily& family : kCounts) WriteCounter(writer, family, readings);
  if (options.counter_latencies) {
    for (const CounterFamily& family : kDurations) WriteCounter(writer, family, readings);
  }
  if (options.counter_latencies && options.has_cache) WriteCacheCounters(writer, readings);
  WriteGauges(writer, readings);
  WriteLatencies(writer, readings);
}

}  // namespace

MetricLabels LabelsOf(const Model& model) {
  MetricLabels labels;
  for (const auto& [tag, value] : model.config().metric_tags()) labels[LabelOfTag(tag)] = value;
  labels["model"] = model.name();
  labels["version"] = std::to_string(model.version());
  if (!model.name_space().empty()) labels["namespace"] = model.name_space();
  return labels;
}

MetricCollector ModelMetricsCollector(ModelLister models, ModelMetricsOptions options) {
  return [models = std::move(models), options](MetricWriter& writer) { WriteModels(writer, models(), options); };
}

}  // namespace neso
