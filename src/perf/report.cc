#include "perf/report.h"

#include <algorithm>
#include <set>
#include <vector>

namespace neso::perf {
namespace {

constexpr size_t kMostGpusShown = 16;

// Of one request, in microseconds.
double Average(const ServerCounts::Part& part, const ServerCounts& counts) {
  return counts.success.count == 0 ? 0 : static_cast<double>(part.ns) / 1e3 / static_cast<double>(counts.success.count);
}

double OfOne(const ServerCounts::Part& part) {
  return part.count == 0 ? 0 : static_cast<double>(part.ns) / 1e3 / static_cast<double>(part.count);
}

struct ServerTimes {
  double total, queue, input, infer, output;
  double overhead() const { return std::max(0.0, total - queue - input - infer - output); }
};
ServerTimes TimesOf(const ServerCounts& counts) {
  return {Average(counts.success, counts), Average(counts.queue, counts), Average(counts.compute_input, counts),
          Average(counts.compute_infer, counts), Average(counts.compute_output, counts)};
}

std::string ServerText(const ServerCounts& counts) {
  const ServerTimes times = TimesOf(counts);
  std::string text = fmt::format("  Server: \n    Inference count: {}\n    Execution count: {}\n", counts.inferences,
                                 counts.executions);
  const bool has_cache = counts.cache_hit.count + counts.cache_miss.count > 0;
  if (has_cache)
    text += fmt::format("    Cache hit count: {}\n    Cache miss count: {}\n", counts.cache_hit.count,
                        counts.cache_miss.count);
  text += fmt::format("    Successful request count: {}\n", counts.success.count);
  if (has_cache) {
    const double cache = Average(counts.cache_hit, counts) + Average(counts.cache_miss, counts);
    return text + fmt::format(
                      "    Avg request latency: {:.0f} usec (overhead {:.0f} usec + queue {:.0f} usec + "
                      "cache hit/miss {:.0f} usec)\n"
                      "      Average Cache Hit Latency: {:.0f} usec\n"
                      "      Average Cache Miss Latency: {:.0f} usec\n",
                      times.total, std::max(0.0, times.total - times.queue - cache), times.queue, cache,
                      OfOne(counts.cache_hit), OfOne(counts.cache_miss));
  }
  return text + fmt::format(
                    "    Avg request latency: {:.0f} usec (overhead {:.0f} usec + queue {:.0f} usec + compute "
                    "input {:.0f} usec + compute infer {:.0f} usec + compute output {:.0f} usec)\n",
                    times.total, times.overhead(), times.queue, times.input, times.infer, times.output);
}

std::string GpuLines(const char* title, const std::map<std::string, double>& values, double factor, const char* unit) {
  if (values.empty()) return {};
  std::string text = fmt::format("    {}:\n", title);
  size_t shown = 0;
  for (const auto& [uuid, value] : values) {
    if (++shown > kMostGpusShown) break;
    text += fmt::format("      {} : {:g}{}\n", uuid, value * factor, unit);
  }
  return text;
}

std::string MetricsText(const GpuMetrics& metrics) {
  if (metrics.is_empty()) return {};
  return "  Server Prometheus Metrics: \n" + GpuLines("Avg GPU Utilization", metrics.utilization, 100, "%") +
         GpuLines("Avg GPU Power Usage", metrics.power_watts, 1, " watts") +
         GpuLines("Max GPU Memory Usage", metrics.used_bytes, 1, " bytes") +
         GpuLines("Total GPU Memory", metrics.total_bytes, 1, " bytes");
}

// "uuid:value;" for each, as one cell.
std::string GpuCell(const std::map<std::string, double>& values) {
  std::string text = ",";
  for (const auto& [uuid, value] : values) text += fmt::format("{}:{:g};", uuid, value);
  return text;
}

std::set<int> Percents(const Options& options) {
  std::set<int> percents = {50, 90, 95, 99};
  if (options.percentile > 0) percents.insert(options.percentile);
  return percents;
}

std::string CsvRow(const Options& options, const ModelFacts& facts, const Measured& row) {
  const ServerTimes times = TimesOf(row.server);
  const double average = row.latencies.average_us;
  const double hit = Average(row.server.cache_hit, row.server), miss = Average(row.server.cache_miss, row.server);
  const double elsewhere = std::max(0.0, average - times.queue - times.input - times.infer - times.output - hit - miss);
  // Sending and receiving are not told apart from the network: the same bytes are sent again, and answers not decoded.
  std::string text = fmt::format("{:g},{:.6g},", row.load, row.throughput);
  if (facts.is_decoupled) text += fmt::format("{:.6g},", row.responses);
  text += fmt::format("0,{:.0f},{:.0f},{:.0f},{:.0f},{:.0f}", elsewhere, times.queue, times.input, times.infer,
                      times.output);
  if (facts.has_cache) text += fmt::format(",{:.0f},{:.0f}", hit, miss);
  text += ",0";
  for (const int percent : Percents(options)) text += fmt::format(",{:.0f}", row.latencies.Percentile(percent));
  if (options.verbose_csv && options.percentile < 0) text += fmt::format(",{:.0f}", average);
  if (options.verbose_csv) text += fmt::format(",0,{:.0f}", average);
  if (options.verbose_csv && options.collect_metrics) {
    text += GpuCell(row.metrics.utilization) + GpuCell(row.metrics.power_watts) + GpuCell(row.metrics.used_bytes) +
            GpuCell(row.metrics.total_bytes);
  }
  return text + '\n';
}

}  // namespace

std::string SettingsText(const Options& options, const ModelFacts& facts) {
  const bool counts = options.mode == MeasurementMode::kCountWindows;
  std::string text = "*** Measurement Settings ***\n";
  text += fmt::format("  Batch size: {}\n  Service Kind: TRITON\n", options.batch);
  if (options.request_count > 0) {
    text += fmt::format("  Sending a total of {} requests\n", options.request_count);
  } else {
    const std::string what = options.percentile < 0 ? "average" : fmt::format("p{}", options.percentile);
    text += fmt::format("  Using \"{}\" mode for stabilization\n", counts ? "count_windows" : "time_windows");
    text += fmt::format("  Stabilizing using {} latency and throughput\n", what);
    text += counts ? fmt::format("  Minimum number of samples in each window: {}\n", options.window_requests)
                   : fmt::format("  Measurement window: {} msec\n", options.interval.count());
  }
  if (options.warmup_requests > 0)
    text += fmt::format("  Sending {} warm-up requests before the measurement\n", options.warmup_requests);
  if (options.latency_limit.count() > 0)
    text += fmt::format("  Latency limit: {} msec\n", options.latency_limit.count());
  if (options.load == LoadKind::kConcurrency && options.range.end > options.range.start)
    text += fmt::format("  Concurrency limit: {:.0f} concurrent requests\n", options.range.end);
  if (options.load != LoadKind::kConcurrency) {
    text += options.load == LoadKind::kIntervals
                ? "  Using the intervals between requests that the file has\n"
                : fmt::format("  Using {} distribution on request generation\n",
                              options.distribution == Distribution::kPoisson ? "poisson" : "uniform");
    text += "  Latencies are counted from the time a request was to be sent\n";
  }
  if (options.search == SearchKind::kBinary) text += "  Using Binary Search algorithm\n";
  if (facts.has_sequences && options.load != LoadKind::kConcurrency)
    text += fmt::format("  Sequences at a time: {}\n", options.sequences.at_a_time);
  text += fmt::format("  Using {}synchronous calls for inference\n", options.is_async || options.streaming ? "a" : "");
  if (facts.is_decoupled) text += "  Detected decoupled model, using the first response for measuring latency\n";
  return text + "\n";
}

std::string LoadText(const Options& options, double load) {
  return options.load == LoadKind::kConcurrency
             ? fmt::format("Request concurrency: {:.0f}\n", load)
             : fmt::format("Request Rate: {:g} inference requests per second\n", load);
}

std::string ResultText(const Options& options, const ModelFacts& facts, const Measured& measured) {
  const Latencies& latencies = measured.latencies;
  std::string text = "  Client: \n";
  text += fmt::format("    Request count: {}\n", measured.requests);
  if (measured.sequences > 0)
    text += fmt::format("    Sequence count: {} ({:.6g} seq/sec)\n", measured.sequences,
                        static_cast<double>(measured.sequences) / measured.seconds);
  text += fmt::format("    Throughput: {:.6g} infer/sec\n", measured.throughput);
  if (facts.is_decoupled) text += fmt::format("    Response Throughput: {:.6g} infer/sec\n", measured.responses);
  text += fmt::format("    Avg latency: {:.0f} usec (standard deviation {:.0f} usec)\n", latencies.average_us,
                      latencies.deviation_us);
  for (const int percent : Percents(options))
    text += fmt::format("    p{} latency: {:.0f} usec\n", percent, latencies.Percentile(percent));
  if (measured.delayed_share > 0.01)
    text += fmt::format("    {:.1f} % of the requests were sent late: all connections were waiting for answers\n",
                        measured.delayed_share * 100);
  return text + ServerText(measured.server) + MetricsText(measured.metrics) + "\n";
}

std::string SummaryText(const Options& options, std::span<const Measured> results) {
  std::string text = fmt::format("Inferences/Second vs. Client {} Batch Latency\n",
                                 options.percentile < 0 ? "Average" : fmt::format("p{}", options.percentile));
  for (const Measured& measured : results) {
    text += options.load == LoadKind::kConcurrency ? fmt::format("Concurrency: {:.0f}", measured.load)
                                                   : fmt::format("Request Rate: {:g}", measured.load);
    text += fmt::format(", throughput: {:.6g} infer/sec, latency {:.0f} usec\n", measured.throughput,
                        SteadyLatency(measured.latencies, options.percentile));
  }
  return text;
}

std::string Csv(const Options& options, const ModelFacts& facts, std::span<const Measured> results) {
  std::string text = options.load == LoadKind::kConcurrency ? "Concurrency" : "Request Rate";
  text += fmt::format(",Inferences/Second,{}Client Send,Network+Server Send/Recv,",
                      facts.is_decoupled ? "Response Throughput," : "") +
          "Server Queue,Server Compute Input,"
          "Server Compute Infer,Server Compute Output,";
  if (facts.has_cache) text += "Server Cache Hit,Server Cache Miss,";
  text += "Client Recv";
  for (const int percent : Percents(options)) text += fmt::format(",p{} latency", percent);
  if (options.verbose_csv) text += options.percentile < 0 ? ",Avg latency" : "";
  if (options.verbose_csv) text += ",request/response,response wait";
  if (options.verbose_csv && options.collect_metrics)
    text += ",Avg GPU Utilization,Avg GPU Power Usage,Max GPU Memory Usage,Total GPU Memory";
  text += '\n';
  std::vector<const Measured*> rows;
  for (const Measured& measured : results) rows.push_back(&measured);
  std::ranges::sort(rows, {}, &Measured::throughput);
  for (const Measured* const row : rows) text += CsvRow(options, facts, *row);
  return text;
}

}  // namespace neso::perf
