#include "core/statistics.h"

#include <algorithm>
#include <utility>

#include "core/compute_totals.h"

namespace neso {
namespace {

// Clocks are read on different threads, and a backend reports what it likes: never negative.
uint64_t Between(uint64_t begin, uint64_t end) { return end > begin ? end - begin : 0; }

}  // namespace

void StatisticsParts::Merge(const StatisticsParts& other) {
  for (const auto& [size, theirs] : other.batches) {
    BatchStatistics& ours = batches[size];
    ours.compute_input.Merge(theirs.compute_input);
    ours.compute_infer.Merge(theirs.compute_infer);
    ours.compute_output.Merge(theirs.compute_output);
  }
  for (const auto& [index, theirs] : other.responses) {
    ResponseStatistics& ours = responses[index];
    ours.compute_infer.Merge(theirs.compute_infer);
    ours.compute_output.Merge(theirs.compute_output);
    ours.success.Merge(theirs.success);
    ours.fail.Merge(theirs.fail);
    ours.empty_response.Merge(theirs.empty_response);
    ours.cancel.Merge(theirs.cancel);
  }
}

void CountExemplars::Merge(const CountExemplars& other) {
  success = Newer(success, other.success);
  for (size_t i = 0; i < failures.size(); ++i) failures[i] = Newer(failures[i], other.failures[i]);
}

void StatisticsShard::RecordSuccess(const InferenceRequest& request, const ExecutionTimes& times,
                                    uint64_t request_end_ns) {
  const uint64_t total = Between(request.start_ns(), request_end_ns);
  const uint64_t queue = Between(request.queue_start_ns(), times.exec_start);
  const uint64_t input = Between(times.exec_start, times.compute_start);
  const uint64_t infer = Between(times.compute_start, times.compute_end);
  const uint64_t output = Between(times.compute_end, times.exec_end);
  const TraceKey* const trace = request.trace_key();
  if (trace != nullptr) AddExemplar(kSuccess, *trace);
  if (histograms_ != nullptr) {
    histograms_->Observe(Latency::kRequest, total, trace);
    histograms_->Observe(Latency::kQueue, queue, trace);
    histograms_->Observe(Latency::kComputeInput, input, trace);
    histograms_->Observe(Latency::kComputeInfer, infer, trace);
    histograms_->Observe(Latency::kComputeOutput, output, trace);
  }
  if (ComputeTotals* const totals = request.compute_totals(); totals != nullptr) totals->Add(input, infer, output);
  MutexLock lock(mutex_);
  BasicTotals<Tally>& counters = Counters();
  counters.inference_count += request.batch_size();
  counters.success.Add(total);
  counters.queue.Add(queue);
  counters.compute_input.Add(input);
  counters.compute_infer.Add(infer);
  counters.compute_output.Add(output);
  counters.request_us += total / 1000;
  counters.queue_us += queue / 1000;
  counters.compute_input_us += input / 1000;
  counters.compute_infer_us += infer / 1000;
  counters.compute_output_us += output / 1000;
  if (summaries_ == nullptr) return;
  summaries_->Observe(Summary::kRequest, total, request_end_ns);
  summaries_->Observe(Summary::kQueue, queue, request_end_ns);
  summaries_->Observe(Summary::kComputeInput, input, request_end_ns);
  summaries_->Observe(Summary::kComputeInfer, infer, request_end_ns);
  summaries_->Observe(Summary::kComputeOutput, output, request_end_ns);
}

void StatisticsShard::RecordFailure(uint64_t request_start_ns, uint64_t request_end_ns,
                                    InferenceRequest::FailureReason reason, const TraceKey* trace) {
  if (trace != nullptr) AddExemplar(static_cast<size_t>(reason), *trace);
  MutexLock lock(mutex_);
  BasicTotals<Tally>& counters = Counters();
  counters.fail.Add(Between(request_start_ns, request_end_ns));
  ++counters.failures[static_cast<size_t>(reason)];
}

void StatisticsShard::RecordBatch(uint64_t batch_size, const ExecutionTimes& times) {
  const uint64_t now_ms = UnixMilliseconds();
  MutexLock lock(mutex_);
  BasicTotals<Tally>& counters = Counters();
  counters.last_inference_ms = now_ms;
  ++counters.execution_count;
  BatchStatistics& batch = parts_.batches[batch_size];
  batch.compute_input.Add(Between(times.exec_start, times.compute_start));
  batch.compute_infer.Add(Between(times.compute_start, times.compute_end));
  batch.compute_output.Add(Between(times.compute_end, times.exec_end));
}

void StatisticsShard::RecordCacheHit(const InferenceRequest& request, uint64_t lookup_start_ns,
                                     uint64_t lookup_end_ns) {
  if (const TraceKey* const trace = request.trace_key(); trace != nullptr) AddExemplar(kSuccess, *trace);
  const uint64_t total = Between(request.start_ns(), lookup_end_ns);
  const uint64_t queue = Between(request.queue_start_ns(), lookup_start_ns);
  const uint64_t lookup_ns = Between(lookup_start_ns, lookup_end_ns);
  if (histograms_ != nullptr) {
    histograms_->Observe(Latency::kRequest, total, request.trace_key());
    histograms_->Observe(Latency::kQueue, queue, request.trace_key());
  }
  MutexLock lock(mutex_);
  BasicTotals<Tally>& counters = Counters();
  counters.success.Add(total);
  counters.queue.Add(queue);
  counters.cache_hit.Add(lookup_ns);
  counters.request_us += total / 1000;
  counters.queue_us += queue / 1000;
  counters.cache_hit_us += lookup_ns / 1000;
  if (summaries_ == nullptr) return;
  summaries_->Observe(Summary::kRequest, total, lookup_end_ns);
  summaries_->Observe(Summary::kQueue, queue, lookup_end_ns);
  summaries_->Observe(Summary::kCacheHit, lookup_ns, lookup_end_ns);
}

void StatisticsShard::RecordCacheMiss(uint64_t lookup_and_insert_ns, uint64_t end_ns) {
  MutexLock lock(mutex_);
  BasicTotals<Tally>& counters = Counters();
  counters.cache_miss.Add(lookup_and_insert_ns);
  counters.cache_miss_us += lookup_and_insert_ns / 1000;
  if (summaries_ != nullptr) summaries_->Observe(Summary::kCacheMiss, lookup_and_insert_ns, end_ns);
}

void StatisticsShard::RecordResponse(uint64_t index, ResponseKind kind, uint64_t start_ns, uint64_t output_start_ns,
                                     uint64_t end_ns) {
  const uint64_t total = Between(start_ns, end_ns);
  MutexLock lock(mutex_);
  ResponseStatistics& response = parts_.responses[std::min(index, kLastResponse)];
  if (kind == ResponseKind::kCancel) return response.cancel.Add(total);
  // A response without output phase (empty, or failed before it) is inference to its end.
  const bool has_output = output_start_ns != 0 && kind != ResponseKind::kEmpty;
  response.compute_infer.Add(has_output ? Between(start_ns, output_start_ns) : total);
  if (has_output) response.compute_output.Add(Between(output_start_ns, end_ns));
  switch (kind) {
    case ResponseKind::kSuccess: return response.success.Add(total);
    case ResponseKind::kFail: return response.fail.Add(total);
    case ResponseKind::kEmpty: return response.empty_response.Add(total);
    case ResponseKind::kCancel: return;
  }
}

void StatisticsShard::AddTo(StatisticsSnapshot& total) const {
  StatisticsTotals& totals = total;
  StatisticsParts& parts = total;
  MutexLock lock(mutex_);
  totals.Merge(totals_);
  parts.Merge(parts_);
}

void StatisticsShard::AddExemplar(size_t index, const TraceKey& trace) {
  exemplars_.Put(index, {.trace = trace, .unix_ms = UnixMilliseconds(), .value = 1});
}

void StatisticsShard::AddTo(CountExemplars& total) const {
  CountExemplars own;
  for (size_t i = 0; i < own.failures.size(); ++i) own.failures[i] = exemplars_.Get(i);
  own.success = exemplars_.Get(kSuccess);
  total.Merge(own);
}

void StatisticsShard::AddTo(LatencyReadings& total) const {
  if (histograms_ != nullptr) histograms_->AddTo(total);
}

void StatisticsShard::AddTo(SummaryReadings& total, uint64_t now_ns) const {
  if (summaries_ != nullptr) summaries_->AddTo(total, now_ns);
}

void StatisticsShard::EnableHistograms(const LatencyBounds& bounds) {
  histograms_ = std::make_unique<LatencyHistograms>(bounds);
}

void StatisticsShard::EnableSummaries() { summaries_ = std::make_unique<LatencySummaries>(); }

void ModelStatistics::EnableHistograms(LatencyBounds bounds) {
  first_responses_ = std::make_unique<LatencyHistograms>(bounds);
  common_.EnableHistograms(bounds);
  histogram_bounds_ = std::move(bounds);
}

void ModelStatistics::EnableSummaries() {
  has_summaries_ = true;
  common_.EnableSummaries();
}

StatisticsShard& ModelStatistics::TakeShard(int gpu) {
  {
    MutexLock lock(mutex_);
    const auto free = std::find_if(shards_.begin(), shards_.end(),
                                   [gpu](const InstanceShard& known) { return known.gpu == gpu && !known.is_taken; });
    if (free != shards_.end()) {
      free->is_taken = true;
      return *free->shard;
    }
  }
  auto shard = std::make_unique<StatisticsShard>();
  if (histogram_bounds_) shard->EnableHistograms(*histogram_bounds_);
  if (has_summaries_) shard->EnableSummaries();
  MutexLock lock(mutex_);
  return *shards_.emplace_back(InstanceShard{gpu, /*is_taken=*/true, std::move(shard)}).shard;
}

void ModelStatistics::GiveBackShard(const StatisticsShard& shard) {
  MutexLock lock(mutex_);
  for (InstanceShard& known : shards_) {
    if (known.shard.get() == &shard) known.is_taken = false;
  }
}

std::optional<SummaryReadings> ModelStatistics::Summaries(uint64_t now_ns) const {
  if (!has_summaries_) return {};
  SummaryReadings total;
  common_.AddTo(total, now_ns);
  MutexLock lock(mutex_);
  for (const InstanceShard& instance : shards_) instance.shard->AddTo(total, now_ns);
  return total;
}

std::optional<LatencyReadings> ModelStatistics::Latencies() const {
  if (first_responses_ == nullptr) return {};
  LatencyReadings total;
  first_responses_->AddTo(total);
  common_.AddTo(total);
  MutexLock lock(mutex_);
  for (const InstanceShard& instance : shards_) instance.shard->AddTo(total);
  return total;
}

StatisticsSnapshot ModelStatistics::Snapshot() const {
  StatisticsSnapshot total;
  common_.AddTo(total);
  MutexLock lock(mutex_);
  for (const InstanceShard& instance : shards_) instance.shard->AddTo(total);
  return total;
}

std::map<int, ModelStatistics::Counts> ModelStatistics::CountsByGpu() const {
  std::map<int, Counts> counts;
  const auto add = [&counts](int gpu, const StatisticsShard& shard) {
    Counts& of_gpu = counts[gpu];
    shard.AddTotalsTo(of_gpu.totals);
    shard.AddTo(of_gpu.exemplars);
  };
  add(kNoGpu, common_);
  MutexLock lock(mutex_);
  for (const InstanceShard& instance : shards_) add(instance.gpu, *instance.shard);
  return counts;
}

void ModelStatistics::SetMemoryUsage(const void* reporter, std::vector<MemoryUsage> usage) {
  MutexLock lock(mutex_);
  if (usage.empty()) {
    memory_.erase(reporter);
  } else {
    memory_[reporter] = std::move(usage);
  }
}

std::vector<ModelStatistics::MemoryUsage> ModelStatistics::MemoryUsages() const {
  std::vector<MemoryUsage> all;
  MutexLock lock(mutex_);
  for (const auto& [reporter, usage] : memory_) all.insert(all.end(), usage.begin(), usage.end());
  return all;
}

}  // namespace neso
