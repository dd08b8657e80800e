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
#include "core/exemplar.h"
#include "core/latency_histograms.h"
#include "core/latency_summaries.h"
#include "core/request.h"
#include "core/tally.h"

namespace neso {

// `Count` is uint64_t in a reading, and Tally where it is counted.
template <typename Count>
struct BasicDuration {
  Count count{}, ns{};
  void Add(uint64_t duration_ns) { ++count, ns += duration_ns; }
  template <typename Other>
  void Merge(const BasicDuration<Other>& other) {
    count += other.count;
    ns += other.ns;
  }
};
using DurationStatistic = BasicDuration<uint64_t>;

struct BatchStatistics {
  DurationStatistic compute_input, compute_infer, compute_output;
};

// Of the responses with one index of decoupled requests.
struct ResponseStatistics {
  DurationStatistic compute_infer, compute_output, success, fail, empty_response, cancel;
};

// Sums over all requests.
template <typename Count>
struct BasicTotals {
  Count last_inference_ms{};  // since the epoch
  Count inference_count{}, execution_count{};
  BasicDuration<Count> success, fail, queue, compute_input, compute_infer, compute_output, cache_hit, cache_miss;

  // For metrics: truncated to microseconds request by request, as Triton does; failures by reason.
  Count request_us{}, queue_us{}, compute_input_us{}, compute_infer_us{}, compute_output_us{};
  Count cache_hit_us{}, cache_miss_us{};
  std::array<Count, 4> failures{};  // InferenceRequest::FailureReason

  template <typename Other>
  void Merge(const BasicTotals<Other>& other);
};
using StatisticsTotals = BasicTotals<uint64_t>;

// The same in parts.
struct StatisticsParts {
  std::map<uint64_t, BatchStatistics> batches;       // by batch size
  std::map<uint64_t, ResponseStatistics> responses;  // by response index
  void Merge(const StatisticsParts& other);
};

struct StatisticsSnapshot : StatisticsTotals, StatisticsParts {};

// Traced requests by whose example somebody may look into what is counted.
struct CountExemplars {
  std::optional<Exemplar> success;
  std::array<std::optional<Exemplar>, 4> failures{};  // as of BasicTotals
  void Merge(const CountExemplars& other);
};

// Steady ns of one execution, as the backend reports them.
struct ExecutionTimes {
  uint64_t exec_start, compute_start, compute_end, exec_end;
};

// Thread-safe; written by one instance, so its lock is nearly always free. Whoever scrapes metrics takes no lock: what
// totals, histograms, summaries and exemplars give is read while it changes, each number as it is at that moment.
class StatisticsShard {
 public:
  // Both before anything is recorded.
  void EnableHistograms(const LatencyBounds& bounds);
  void EnableSummaries();

  void RecordSuccess(const InferenceRequest& request, const ExecutionTimes& times, uint64_t request_end_ns);
  // `trace`: of a request that is traced; null for others.
  void RecordFailure(uint64_t request_start_ns, uint64_t request_end_ns, InferenceRequest::FailureReason reason,
                     const TraceKey* trace = nullptr);
  void RecordBatch(uint64_t batch_size, const ExecutionTimes& times);
  // The request ends with the lookup.
  void RecordCacheHit(const InferenceRequest& request, uint64_t lookup_start_ns, uint64_t lookup_end_ns);
  void RecordCacheMiss(uint64_t lookup_and_insert_ns, uint64_t end_ns);
  // `kind` selects which member of ResponseStatistics is counted besides the compute times. A stream may go on for
  // ever: what comes behind its response kLastResponse counts as that one.
  static constexpr uint64_t kLastResponse = 9'999;
  enum class ResponseKind { kSuccess, kFail, kEmpty, kCancel };
  void RecordResponse(uint64_t index, ResponseKind kind, uint64_t start_ns, uint64_t output_start_ns, uint64_t end_ns);
  void AddTo(StatisticsSnapshot& total) const;  // takes the lock
  void AddTotalsTo(StatisticsTotals& total) const { total.Merge(totals_); }
  void AddTo(CountExemplars& total) const;
  void AddTo(LatencyReadings& total) const;
  void AddTo(SummaryReadings& total, uint64_t now_ns) const;

 private:
  static constexpr size_t kSuccess = 4;  // among exemplars, after the reasons of failures

  // To count something; to read no lock is needed.
  BasicTotals<Tally>& Counters() REQUIRES(mutex_) { return totals_; }
  void AddExemplar(size_t index, const TraceKey& trace);

  std::unique_ptr<LatencyHistograms> histograms_;  // null: not asked for; likewise the next
  std::unique_ptr<LatencySummaries> summaries_;    // written with mutex_
  ExemplarSlots exemplars_{kSuccess + 1};
  mutable Mutex mutex_;
  BasicTotals<Tally> totals_;
  StatisticsParts parts_ GUARDED_BY(mutex_);
};

template <typename Count>
template <typename Other>
void BasicTotals<Count>::Merge(const BasicTotals<Other>& other) {
  if (other.last_inference_ms > last_inference_ms) last_inference_ms = other.last_inference_ms;
  inference_count += other.inference_count;
  execution_count += other.execution_count;
  success.Merge(other.success);
  fail.Merge(other.fail);
  queue.Merge(other.queue);
  compute_input.Merge(other.compute_input);
  compute_infer.Merge(other.compute_infer);
  compute_output.Merge(other.compute_output);
  cache_hit.Merge(other.cache_hit);
  cache_miss.Merge(other.cache_miss);
  request_us += other.request_us;
  queue_us += other.queue_us;
  compute_input_us += other.compute_input_us;
  compute_infer_us += other.compute_infer_us;
  compute_output_us += other.compute_output_us;
  cache_hit_us += other.cache_hit_us;
  cache_miss_us += other.cache_miss_us;
  for (size_t i = 0; i < failures.size(); ++i) failures[i] += other.failures[i];
}

// Thread-safe.
class ModelStatistics {
 public:
  // Histograms from now on. Before the first shard is made.
  void EnableHistograms(LatencyBounds bounds);
  // Summaries, likewise.
  void EnableSummaries();

  static constexpr int kNoGpu = -1;
  // For an instance, and the GPU that it runs on; lives as long as the model.
  StatisticsShard& TakeShard(int gpu = kNoGpu);
  // Its instance has gone. What was counted stays, and the next instance on its GPU counts on there: models whose
  // instances come and go have no more shards than they had instances at a time.
  void GiveBackShard(const StatisticsShard& shard);
  // For what no instance does.
  StatisticsShard& common() { return common_; }
  StatisticsSnapshot Snapshot() const;
  // Of this the sums, and exemplars for them, apart: by the GPU of the instances; what no instance on a GPU did is
  // kNoGpu's, which is always there.
  struct Counts {
    StatisticsTotals totals;
    CountExemplars exemplars;
  };
  std::map<int, Counts> CountsByGpu() const;
  // When counting began, in milliseconds since the epoch.
  uint64_t created_ms() const { return created_ms_; }
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
  const uint64_t created_ms_ = UnixMilliseconds();
  StatisticsShard common_;
  mutable Mutex mutex_;  // for what comes and goes with instances; no request takes it
  struct InstanceShard {
    int gpu;
    bool is_taken;
    std::unique_ptr<StatisticsShard> shard;
  };
  std::vector<InstanceShard> shards_ GUARDED_BY(mutex_);
  std::map<const void*, std::vector<MemoryUsage>> memory_ GUARDED_BY(mutex_);
  std::atomic<int64_t> pending_{0};
};

}  // namespace neso
