#include "observe/model_summaries.h"

#include <array>
#include <optional>
#include <utility>

#include "base/clock.h"

namespace neso {
namespace {

enum class Of { kAll, kCached, kOthers };

struct SummaryFamily {
  const char* name;
  const char* help;
  Of of;
};

// In the order of Summary.
constexpr std::array<SummaryFamily, kSummaries> kFamilies{{
    {"nv_inference_request_summary_us", "Duration of successful requests in microseconds", Of::kOthers},
    {"nv_inference_queue_summary_us", "Time that successful requests waited in microseconds", Of::kAll},
    {"nv_inference_compute_input_summary_us", "Time to prepare inputs in microseconds, by request", Of::kAll},
    {"nv_inference_compute_infer_summary_us", "Time to execute the model in microseconds, by request", Of::kAll},
    {"nv_inference_compute_output_summary_us", "Time to prepare outputs in microseconds, by request", Of::kAll},
    {"nv_cache_hit_summary_per_model", "Time to find answers in the response cache in microseconds", Of::kCached},
    {"nv_cache_miss_summary_per_model", "Time to look in the response cache in vain and to insert in microseconds",
     Of::kCached},
}};

struct Reading {
  MetricLabels labels;
  bool is_cached;
  uint64_t created_ms;
  SummaryReadings summaries;
};

std::vector<Reading> ReadAll(const std::vector<ModelHandle>& models, bool has_cache) {
  std::vector<Reading> readings;
  for (const ModelHandle& model : models) {
    std::optional<SummaryReadings> summaries = model->statistics().Summaries(SteadyNanoseconds());
    if (!summaries) continue;
    readings.push_back({.labels = LabelsOf(*model),
                        .is_cached = has_cache && model->config().response_cache().enable(),
                        .created_ms = model->statistics().created_ms(),
                        .summaries = *std::move(summaries)});
  }
  return readings;
}

void WriteSummary(MetricWriter& writer, const SummaryFamily& family, const Reading& reading,
                  const SummaryReading& summary, const std::vector<double>& quantiles) {
  std::vector<std::pair<double, double>> values;
  for (const double quantile : quantiles) values.emplace_back(quantile, summary.recent.Quantile(quantile));
  writer.Summary(
      family.name, reading.labels,
      {.quantiles = values, .count = summary.count, .sum = summary.sum_us, .created_ms = reading.created_ms});
}

void WriteSummaries(MetricWriter& writer, const std::vector<Reading>& readings, const std::vector<double>& quantiles) {
  for (size_t i = 0; i < kSummaries; ++i) {
    const SummaryFamily& family = kFamilies[i];
    bool has_begun = false;
    for (const Reading& reading : readings) {
      if (family.of != Of::kAll && (family.of == Of::kCached) != reading.is_cached) continue;
      if (!std::exchange(has_begun, true)) writer.BeginFamily(family.name, family.help, MetricKind::kSummary);
      WriteSummary(writer, family, reading, reading.summaries[i], quantiles);
    }
  }
}

}  // namespace

MetricCollector ModelSummariesCollector(ModelLister models, std::vector<double> quantiles, bool has_cache) {
  return [models = std::move(models), quantiles = std::move(quantiles), has_cache](MetricWriter& writer) {
    WriteSummaries(writer, ReadAll(models(), has_cache), quantiles);
  };
}

}  // namespace neso
