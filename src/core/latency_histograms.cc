#include "core/latency_histograms.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "base/log.h"

namespace neso {
namespace {

constexpr double kNsPerMs = 1e6;

uint64_t ToNanoseconds(double ms) {
  constexpr auto kMax = std::numeric_limits<uint64_t>::max();
  return ms * kNsPerMs >= static_cast<double>(kMax) ? kMax : static_cast<uint64_t>(ms * kNsPerMs);
}

// As the ends of buckets have to be: positive, ascending, each once.
std::vector<double> Usable(std::vector<double> bounds) {
  std::erase_if(bounds, [](double bound) { return !std::isfinite(bound) || bound <= 0; });
  std::sort(bounds.begin(), bounds.end());
  bounds.erase(std::unique(bounds.begin(), bounds.end()), bounds.end());
  return bounds;
}

}  // namespace

const std::array<LatencyFamily, kLatencies> kLatencyFamilies{{
    {"nv_inference_first_response_histogram_ms", "Duration from request to first response in milliseconds"},
    {"nv_inference_request_histogram_ms", "Duration of successful requests in milliseconds"},
    {"nv_inference_queue_histogram_ms", "Time that successful requests waited in milliseconds"},
    {"nv_inference_compute_input_histogram_ms", "Time to prepare inputs in milliseconds, by request"},
    {"nv_inference_compute_infer_histogram_ms", "Time to execute the model in milliseconds, by request"},
    {"nv_inference_compute_output_histogram_ms", "Time to prepare outputs in milliseconds, by request"},
}};

LatencyBounds LatencyBoundsOf(const inference::ModelConfig& config, std::span<const double> duration_bounds) {
  LatencyBounds bounds;
  bounds.fill(Usable({duration_bounds.begin(), duration_bounds.end()}));
  bounds[static_cast<size_t>(Latency::kFirstResponse)] = {kFirstResponseBounds.begin(), kFirstResponseBounds.end()};
  for (const auto& control : config.model_metrics().metric_control()) {
    const std::string& family = control.metric_identifier().family();
    bool is_known = false;
    for (size_t i = 0; i < kLatencies; ++i) {
      if (family != kLatencyFamilies[i].name) continue;
      const auto& buckets = control.histogram_options().buckets();
      bounds[i] = Usable({buckets.begin(), buckets.end()});
      is_known = true;
    }
    if (is_known) continue;
    LOG_WARNING("model '{}': metric family '{}' in 'metric_identifier' is not a customizable metric in Triton core.",
                config.name(), family);
  }
  return bounds;
}

void HistogramReading::Merge(const HistogramReading& other) {
  if (counts.empty()) {
    *this = other;
    return;
  }
  for (size_t i = 0; i < counts.size(); ++i) counts[i] += other.counts[i];
  sum_ns += other.sum_ns;
  for (size_t i = 0; i < exemplars.size(); ++i) exemplars[i] = Newer(exemplars[i], other.exemplars[i]);
}

LatencyHistograms::LatencyHistograms(const LatencyBounds& bounds) {
  for (size_t i = 0; i < kLatencies; ++i) {
    Histogram& histogram = histograms_[i];
    histogram.bounds_ms = bounds[i];
    for (const double ms : bounds[i]) histogram.bounds_ns.push_back(ToNanoseconds(ms));
    histogram.counts = std::make_unique<std::atomic<uint64_t>[]>(bounds[i].size() + 1);
    histogram.exemplars = std::make_unique<ExemplarSlots>(bounds[i].size() + 1);
  }
}

void LatencyHistograms::Observe(Latency latency, uint64_t duration_ns, const TraceKey* trace) {
  Histogram& histogram = histograms_[static_cast<size_t>(latency)];
  const std::vector<uint64_t>& bounds = histogram.bounds_ns;
  const auto bucket = static_cast<size_t>(std::lower_bound(bounds.begin(), bounds.end(), duration_ns) - bounds.begin());
  histogram.counts[bucket].fetch_add(1, std::memory_order_relaxed);
  histogram.sum_ns.fetch_add(duration_ns, std::memory_order_relaxed);
  if (trace == nullptr) return;
  histogram.exemplars->Put(bucket, {.trace = *trace, .unix_ms = UnixMilliseconds(), .value = duration_ns});
}

void LatencyHistograms::AddTo(LatencyReadings& total) const {
  for (size_t i = 0; i < kLatencies; ++i) {
    const Histogram& histogram = histograms_[i];
    HistogramReading reading;
    reading.bounds_ms = histogram.bounds_ms;
    for (size_t bucket = 0; bucket <= histogram.bounds_ms.size(); ++bucket) {
      reading.counts.push_back(histogram.counts[bucket].load(std::memory_order_relaxed));
      reading.exemplars.push_back(histogram.exemplars->Get(bucket));
    }
    reading.sum_ns = histogram.sum_ns.load(std::memory_order_relaxed);
    total[i].Merge(reading);
  }
}

}  // namespace neso
