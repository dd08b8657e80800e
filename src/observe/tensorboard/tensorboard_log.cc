#include "observe/tensorboard/tensorboard_log.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "base/log.h"
#include "base/thread_start.h"

namespace neso {
namespace {

using std::chrono::steady_clock;

double WallTime() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

// Microseconds of one, on average; nothing where there was none.
void AddMean(std::vector<SummaryValue>& values, const char* tag, uint64_t us, uint64_t count) {
  if (count > 0) values.push_back({.tag = tag, .number = static_cast<double>(us) / static_cast<double>(count)});
}

uint64_t Failures(const StatisticsSnapshot& statistics) {
  uint64_t failures = 0;
  for (const uint64_t count : statistics.failures) failures += count;
  return failures;
}

void AddCounts(std::vector<SummaryValue>& values, const StatisticsSnapshot& before, const StatisticsSnapshot& now,
               double seconds) {
  const auto add = [&](const char* tag, uint64_t then, uint64_t count) {
    values.push_back({.tag = tag, .number = static_cast<double>(count - then) / seconds});
  };
  add("throughput/requests_per_second", before.success.count, now.success.count);
  add("throughput/inferences_per_second", before.inference_count, now.inference_count);
  add("throughput/executions_per_second", before.execution_count, now.execution_count);
  add("throughput/failures_per_second", Failures(before), Failures(now));
}

void AddMeans(std::vector<SummaryValue>& values, const StatisticsSnapshot& before, const StatisticsSnapshot& now) {
  const uint64_t requests = now.success.count - before.success.count;
  AddMean(values, "mean_us/request", now.request_us - before.request_us, requests);
  AddMean(values, "mean_us/queue", now.queue_us - before.queue_us, requests);
  AddMean(values, "mean_us/compute_input", now.compute_input_us - before.compute_input_us, requests);
  AddMean(values, "mean_us/compute_infer", now.compute_infer_us - before.compute_infer_us, requests);
  AddMean(values, "mean_us/compute_output", now.compute_output_us - before.compute_output_us, requests);
}

// How many executions had which batch size.
void AddBatches(std::vector<SummaryValue>& values, const StatisticsSnapshot& before, const StatisticsSnapshot& now) {
  SummaryValue sizes{.tag = "batch/size"};
  double executions = 0, rows = 0;
  for (const auto& [size, statistics] : now.batches) {
    const auto then = before.batches.find(size);
    const uint64_t count =
        statistics.compute_infer.count - (then == before.batches.end() ? 0 : then->second.compute_infer.count);
    if (count == 0) continue;
    sizes.buckets.push_back({.limit = static_cast<double>(size), .count = static_cast<double>(count)});
    executions += static_cast<double>(count);
    rows += static_cast<double>(size * count);
  }
  if (executions == 0) return;
  values.push_back({.tag = "batch/mean_size", .number = rows / executions});
  values.push_back(std::move(sizes));
}

void AddCache(std::vector<SummaryValue>& values, const StatisticsSnapshot& before, const StatisticsSnapshot& now) {
  const uint64_t hits = now.cache_hit.count - before.cache_hit.count;
  const uint64_t lookups = hits + now.cache_miss.count - before.cache_miss.count;
  if (lookups == 0) return;
  values.push_back({.tag = "cache/hits", .number = static_cast<double>(hits)});
  values.push_back({.tag = "cache/hit_ratio", .number = static_cast<double>(hits) / static_cast<double>(lookups)});
}

// Durations of the last minute: some quantiles, and what lies between twenty of them.
void AddQuantiles(std::vector<SummaryValue>& values, const std::string& name, const DurationCounts& recent) {
  if (std::isnan(recent.Quantile(0.5))) return;
  constexpr std::array<std::pair<const char*, double>, 4> kShown{
      {{"p50", 0.5}, {"p90", 0.9}, {"p95", 0.95}, {"p99", 0.99}}};
  for (const auto& [label, share] : kShown) {
    values.push_back({.tag = name + "/" + label, .number = recent.Quantile(share)});
  }
  SummaryValue histogram{.tag = name};
  constexpr int kParts = 20;
  for (int part = 1; part <= kParts; ++part) {
    const double limit = recent.Quantile(static_cast<double>(part) / kParts);
    // Quantiles may be the same.
    if (histogram.buckets.empty() || limit > histogram.buckets.back().limit) {
      histogram.buckets.push_back({.limit = limit, .count = 1});
    } else {
      histogram.buckets.back().count += 1;
    }
  }
  values.push_back(std::move(histogram));
}

bool HasHappened(const StatisticsSnapshot& before, const StatisticsSnapshot& now) {
  return before.success.count != now.success.count || before.execution_count != now.execution_count ||
         Failures(before) != Failures(now);
}

}  // namespace

std::vector<SummaryValue> SummaryValuesOf(const Model& model, const StatisticsSnapshot& before,
                                          const StatisticsSnapshot& now, double seconds) {
  std::vector<SummaryValue> values;
  AddCounts(values, before, now, seconds);
  AddMeans(values, before, now);
  AddBatches(values, before, now);
  AddCache(values, before, now);
  values.push_back({.tag = "queue/pending", .number = static_cast<double>(model.statistics().pending())});
  for (const ModelStatistics::MemoryUsage& usage : model.statistics().MemoryUsages()) {
    values.push_back({.tag = fmt::format("memory_bytes/{}_{}", usage.type, usage.id),
                      .number = static_cast<double>(usage.byte_size)});
  }
  if (const std::optional<SummaryReadings> summaries = model.statistics().Summaries(SteadyNanoseconds())) {
    AddQuantiles(values, "latency_us/request", (*summaries)[static_cast<size_t>(Summary::kRequest)].recent);
    AddQuantiles(values, "latency_us/queue", (*summaries)[static_cast<size_t>(Summary::kQueue)].recent);
    AddQuantiles(values, "latency_us/compute", (*summaries)[static_cast<size_t>(Summary::kComputeInfer)].recent);
  }
  return values;
}

TensorboardLog::TensorboardLog(TensorboardOptions options, Models models, GraphOf graph_of)
    : options_(std::move(options)), models_(std::move(models)), graph_of_(std::move(graph_of)) {
  if (!options_.folder.empty()) {
    (void)TryStartThread(thread_, "the log for TensorBoard", [this] { ThreadMain(); });
  }
}

TensorboardLog::~TensorboardLog() { Close(); }

void TensorboardLog::Close() {
  {
    MutexLock lock(mutex_);
    is_closing_ = true;
    changed_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

void TensorboardLog::ThreadMain() {
  // The first time brings the graphs.
  do WriteAll();
  while (AwaitTurn());
  WriteAll();
}

bool TensorboardLog::AwaitTurn() {
  const TimePoint due = steady_clock::now() + options_.interval;
  MutexLock lock(mutex_);
  while (!is_closing_ && changed_.WaitUntil(mutex_, due)) {
  }
  return !is_closing_;
}

void TensorboardLog::WriteAll() {
  for (const ModelHandle& model : models_()) {
    const std::string name = fmt::format("{}/{}", model->id(), model->version());
    Run& run = runs_.try_emplace(name, options_.folder + "/" + name, options_.max_bytes_a_file).first->second;
    if (run.life.of.lock() != model) run.life = {.of = model};
    Write(model, run);
  }
  for (auto& [name, run] : runs_) {
    if (run.life.of.expired()) run.life = {};
  }
}

void TensorboardLog::Write(const ModelHandle& model, Run& run) {
  const double wall_time = WallTime();
  const auto now = steady_clock::now();
  Life& life = run.life;
  std::vector<std::string> events;
  if (!std::exchange(life.has_graph, true)) {
    const std::string graph = graph_of_(*model);
    if (!graph.empty()) events.push_back(EncodeGraph(wall_time, graph));
  }
  const StatisticsSnapshot statistics = model->statistics().Snapshot();
  // One zero behind the last numbers is enough.
  const bool is_idle = !HasHappened(life.last, statistics);
  if (!is_idle || !life.was_idle) {
    const double seconds = life.at == steady_clock::time_point{}
                               ? static_cast<double>(options_.interval.count())
                               : std::max(1e-3, std::chrono::duration<double>(now - life.at).count());
    // Seconds as steps: they go on when the server starts again. No two have the same.
    run.step = std::max(run.step + 1, static_cast<int64_t>(wall_time));
    events.push_back(EncodeSummary(run.step, wall_time, SummaryValuesOf(*model, life.last, statistics, seconds)));
  }
  life.was_idle = is_idle;
  life.last = statistics;
  life.at = now;
  if (events.empty()) return;
  const Status written = run.file.Append(events, wall_time);
  if (!written.ok() && complaints_.Allow()) LOG_WARNING("nothing for TensorBoard: {}", written.message());
}

}  // namespace neso
