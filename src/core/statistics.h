// What a model version has done: the numbers behind /stats and the per-model metrics.
//
// Counters live in shards, one for each instance and one for what happens outside instances (rejections, cache hits,
// ensembles), so that instances do not meet on a lock. They outlive the instances: a retired shard is kept.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "core/latency_histograms.h"
#include "core/latency_summaries.h"
#include "core/request.h"

namespace neso {

struct DurationStatistic {
  uint64_t count = 0;
  uint64_t ns = 0;
  void Add(uint64_t duration_ns) { ++count, ns += duration_ns; }
  void Merge(const DurationStatistic& other) { count += other.count, ns += other.ns; }
};

struct BatchStatistics {
  DurationStatistic compute_input, compute_infer, compute_output;
};

// Of the responses with one index of decoupled requests.
struct ResponseStatistics {
  DurationStatistic compute_infer, compute_output, success, fail, empty_response, cancel;
};

// One consistent reading, summed over shards.
struct StatisticsSnapshot {
  uint64_t last_inference_ms = 0;  // since the epoch
  uint64_t inference_count = 0, execution_count = 0;
  DurationStatistic success, fail, queue, compute_input, compute_infer, compute_output, cache_hit, cache_miss;
  std::map<uint64_t, BatchStatistics> batches;       // by batch size
  std::map<uint64_t, ResponseStatistics> responses;  // by response index

  // For metrics: truncated to microseconds request by request, as Triton does; failures by reason.
  uint64_t request_us = 0, queue_us = 0, compute_input_us = 0, compute_infer_us = 0, compute_output_us = 0;
  uint64_t cache_hit_us = 0, cache_miss_us = 0;
  std::array<uint64_t, 4> failures{};  // InferenceRequest::FailureReason
  void Merge(const StatisticsSnapshot& other);
};

// Steady ns of one execution, as the backend reports them.
struct ExecutionTimes {
  uint64_t exec_start, compute_start, compute_end, exec_end;
};

// Thread-safe; written by one instance, so its lock is nearly always free.
class StatisticsShard {
 public:
  // Without `bounds` there are no histograms.
  explicit StatisticsShard(const std::optional<LatencyBounds>& bounds = {}) {
    if (bounds) histograms_ = std::make_unique<LatencyHistograms>(*bounds);
  }

  // Summaries from now on.
  void EnableSummaries();

  void RecordSuccess(const InferenceRequest& request, const ExecutionTimes& times, uint64_t request_end_ns);
  void RecordFailure(uint64_t request_start_ns, uint64_t request_end_ns, InferenceRequest::FailureReason reason);
  void RecordBatch(uint64_t batch_size, const ExecutionTimes& times);
  // The request ends with the lookup.
  void RecordCacheHit(const InferenceRequest& request, uint64_t lookup_start_ns, uint64_t lookup_end_ns);
  void RecordCacheMiss(uint64_t lookup_and_insert_ns, uint64_t end_ns);
  // `kind` selects which member of ResponseStatistics is counted besides the compute times.
  enum class ResponseKind { kSuccess, kFail, kEmpty, kCancel };
  void RecordResponse(uint64_t index, ResponseKind kind, uint64_t start_ns, uint64_t output_start_ns, uint64_t end_ns);
  void AddTo(StatisticsSnapshot& total) const;
  void AddTo(LatencyReadings& total) const;
  void AddTo(SummaryReadings& total, uint64_t now_ns) const;

 private:
  std::unique_ptr<LatencyHistograms> histograms_;  // null: not asked for
  mutable Mutex mutex_;
  std::unique_ptr<LatencySummaries> summaries_ GUARDED_BY(mutex_);  // null: not asked for
  StatisticsSnapshot counters_ GUARDED_BY(mutex_);
};

// Thread-safe.
class ModelStatistics {
 public:
  // Histograms from now on. Before the first shard is made.
  void EnableHistograms(LatencyBounds bounds);
  // Summaries, likewise.
  void EnableSummaries();

  static constexpr int kNoGpu = -1;
  // For an instance, and the GPU that it runs on; lives as long as the model.
  StatisticsShard& NewShard(int gpu = kNoGpu);
  // For what no instance does.
  StatisticsShard& common() { return common_; }
  StatisticsSnapshot Snapshot() const;
  // The same apart: by the GPU of the instances; what no instance on a GPU did is kNoGpu's, which is always there.
  std::map<int, StatisticsSnapshot> SnapshotsByGpu() const;
  // Null unless histograms are enabled.
  LatencyHistograms* first_responses() { return first_responses_.get(); }
  // Nothing unless histograms are enabled.
  std::optional<LatencyReadings> Latencies() const;
  // Nothing unless summaries are enabled.
  std::optional<SummaryReadings> Summaries(uint64_t now_ns) const;

  // Accepted but not yet executing (nv_inference_pending_request_count).
  void AddPending(int64_t by) { pending_.fetch_add(by, std::memory_order_relaxed); }
  int64_t pending() const { return pending_.load(std::memory_order_relaxed); }

  struct MemoryUsage {
    std::string type;  // "CPU", "CPU_PINNED", "GPU"
    int64_t id;
    uint64_t byte_size;
  };
  // Replaces what `reporter` (a model or an instance) reported before.
  void SetMemoryUsage(const void* reporter, std::vector<MemoryUsage> usage);
  std::vector<MemoryUsage> MemoryUsages() const;

 private:
  std::optional<LatencyBounds> histogram_bounds_;  // constant once there are shards
  // Which instance answers is not known where a response leaves, so all instances share these.
  std::unique_ptr<LatencyHistograms> first_responses_;
  bool has_summaries_ = false;  // constant once there are shards
  StatisticsShard common_;
  mutable Mutex mutex_;
  struct InstanceShard {
    int gpu;
    std::unique_ptr<StatisticsShard> shard;
  };
  std::vector<InstanceShard> shards_ GUARDED_BY(mutex_);
  std::map<const void*, std::vector<MemoryUsage>> memory_ GUARDED_BY(mutex_);
  std::atomic<int64_t> pending_{0};
};

}  // namespace neso
