// How long the requests of a model take, as histograms: what a mean hides, for those who ask (histogram_latencies).
//
//   LatencyHistograms histograms(LatencyBoundsOf(config, kDefaultDurationBounds));
//   histograms.Observe(Latency::kQueue, 1'500'000);        // 1.5 ms
//
// An instance has histograms of its own, so that observing is two additions nobody else makes at the time.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "config/model_config.pb.h"
#include "core/exemplar.h"

namespace neso {

enum class Latency { kFirstResponse, kRequest, kQueue, kComputeInput, kComputeInfer, kComputeOutput };
inline constexpr size_t kLatencies = 6;

struct LatencyFamily {
  const char* name;  // of the metric, in milliseconds
  const char* help;
};

// In the order of Latency.
extern const std::array<LatencyFamily, kLatencies> kLatencyFamilies;

// In milliseconds. Source: the metric's contract for the first response; the others cover a tiny model on a CPU as well
// as a language model.
inline constexpr std::array kFirstResponseBounds{100.0, 500.0, 2000.0, 5000.0};
inline constexpr std::array kDefaultDurationBounds{0.1,  0.25,  0.5,   1.0,   2.5,    5.0,    10.0,   25.0,
                                                   50.0, 100.0, 250.0, 500.0, 1000.0, 2500.0, 5000.0, 10000.0};

// The upper ends of the buckets of each histogram, in milliseconds, ascending; one more bucket lies above the last.
using LatencyBounds = std::array<std::vector<double>, kLatencies>;

// Those of a model: what its `model_metrics` says of a family, else the default (for durations `duration_bounds`).
// Numbers that cannot be the end of a bucket are left out; the log tells of a family that is none of these.
LatencyBounds LatencyBoundsOf(const inference::ModelConfig& config, std::span<const double> duration_bounds);

struct HistogramReading {
  std::vector<double> bounds_ms;
  std::vector<uint64_t> counts;  // one more than bounds
  uint64_t sum_ns = 0;
  std::vector<std::optional<Exemplar>> exemplars;  // of each bucket, in nanoseconds
  // Precondition: the same bounds, or nothing read yet.
  void Merge(const HistogramReading& other);
};
using LatencyReadings = std::array<HistogramReading, kLatencies>;

// Thread-safe, without a lock. A reading may miss a part of what is observed at the time.
class LatencyHistograms {
 public:
  explicit LatencyHistograms(const LatencyBounds& bounds);

  // `trace`: of a request that is traced, for an exemplar of its bucket.
  void Observe(Latency latency, uint64_t duration_ns, const TraceKey* trace = nullptr);
  void AddTo(LatencyReadings& total) const;

 private:
  struct Histogram {
    std::vector<double> bounds_ms;
    std::vector<uint64_t> bounds_ns;  // the same, rounded down
    std::unique_ptr<std::atomic<uint64_t>[]> counts;
    std::atomic<uint64_t> sum_ns{0};
    std::unique_ptr<ExemplarSlots> exemplars;
  };
  std::array<Histogram, kLatencies> histograms_;
};

}  // namespace neso
