#include "perf/report.h"

#include <algorithm>
#include <vector>

#include "perf/server_report.h"

namespace neso::perf {
namespace {

constexpr size_t kMostGpusShown = 16;

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

std::string CsvRow(const Options& options, const ModelFacts& facts, const Measured& row) {
  const double average = row.latencies.average_us;
  const double elsewhere = std::max(0.0, average - ServerCounted(row.server));
  // Sending and receiving are not told apart from the network: the same bytes are sent again, and answers not decoded.
  std::string text = fmt::format("{:g},{:.6g},", row.load, row.throughput);
  if (facts.is_decoupled) text += fmt::format("{:.6g},", row.responses);
  text +=
      facts.has_statistics ? fmt::format("0,{:.0f}{},0", elsewhere, ServerCells(row.server, facts.has_cache)) : "0,0";
  for (const int percent : PercentsOf(options)) text += fmt::format(",{:.0f}", row.latencies.Percentile(percent));
  if (options.verbose_csv && options.percentile < 0) text += fmt::format(",{:.0f}", average);
  if (options.verbose_csv) text += fmt::format(",0,{:.0f}", average);
  if (options.verbose_csv && options.collect_metrics) {
    text += GpuCell(row.metrics.utilization) + GpuCell(row.metrics.power_watts) + GpuCell(row.metrics.used_bytes) +
            GpuCell(row.metrics.total_bytes);
  }
  return text + '\n';
}

std::string LoadColumn(const Options& options) { return IsByTime(options.load) ? "Request Rate" : "Concurrency"; }

std::vector<const Measured*> ByThroughput(std::span<const Measured> results) {
  std::vector<const Measured*> rows;
  for (const Measured& measured : results) rows.push_back(&measured);
  std::ranges::sort(rows, {}, &Measured::throughput);
  return rows;
}

// As many more or fewer than the measured model's as requests came to it.
double ThroughputOf(const ServerCounts& counts, const Measured& row) {
  const auto requests = static_cast<double>(std::max<uint64_t>(1, row.server.success.count));
  return row.throughput * static_cast<double>(counts.success.count) / requests;
}

// `parents`: what was counted of the model whose steps these are, by row.
void AddComposing(std::span<const ComposingModel> models, std::span<const Measured* const> rows,
                  const std::vector<const ServerCounts*>& parents, const Options& options,
                  std::vector<ComposingCsv>& files) {
  for (size_t i = 0; i < models.size(); i++) {
    const ComposingModel& model = models[i];
    ComposingCsv file{fmt::format("{}_v{}", model.name, model.version), LoadColumn(options)};
    file.text +=
        ",Inferences/Second,Client Send,Network+Server Send/Recv" + ServerColumns(model.has_cache) + ",Client Recv\n";
    std::vector<const ServerCounts*> own;
    for (size_t row = 0; row < rows.size(); row++) {
      const ServerCounts& counts = *own.emplace_back(&parents[row]->composing[i]);
      const double overhead = std::max(0.0, ServerTotal(counts) - ServerCounted(counts));
      file.text += fmt::format("{:g},{:.6g},0,{:.0f}{},0\n", rows[row]->load, ThroughputOf(counts, *rows[row]),
                               overhead, ServerCells(counts, model.has_cache));
    }
    const bool is_there = std::ranges::find(files, file.name, &ComposingCsv::name) != files.end();
    if (!is_there) files.push_back(std::move(file));
    AddComposing(model.composing, rows, own, options, files);
  }
}

std::string ServiceText(ServiceKind kind) {
  std::string text(NameOf(kind));
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return text;
}

std::string SendTimesText(const Options& options) {
  if (options.load == LoadKind::kSchedule) return "  Using the times that the input data has\n";
  if (options.load == LoadKind::kIntervals) return "  Using the intervals between requests that the file has\n";
  return fmt::format("  Using {} distribution on request generation\n",
                     options.distribution == Distribution::kPoisson ? "poisson" : "uniform");
}

}  // namespace

std::string LoadText(const Options& options, double load) {
  if (IsByTime(options.load)) return fmt::format("Request Rate: {:g} inference requests per second\n", load);
  if (options.load == LoadKind::kSessions) return fmt::format("Session concurrency: {:.0f}\n", load);
  if (options.load == LoadKind::kPeriodicConcurrency)
    return fmt::format("Request concurrency: from {} on {} more after {} answers, {:.0f} in all\n",
                       options.growth.start, options.growth.step, options.growth.answers, load);
  return fmt::format("Request concurrency: {:.0f}\n", load);
}

std::string SettingsText(const Options& options, const ModelFacts& facts) {
  const bool counts = options.mode == MeasurementMode::kCountWindows;
  std::string text = "*** Measurement Settings ***\n";
  if (options.service != ServiceKind::kOpenAi) text += fmt::format("  Batch size: {}\n", options.batch);
  text += fmt::format("  Service Kind: {}\n", ServiceText(options.service));
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
  if (IsByTime(options.load)) {
    text += SendTimesText(options);
    text += "  Latencies are counted from the time a request was to be sent\n";
  }
  if (options.search == SearchKind::kBinary) text += "  Using Binary Search algorithm\n";
  if (facts.has_sequences && IsByTime(options.load))
    text += fmt::format("  Sequences at a time: {}\n", options.sequences.at_a_time);
  text += fmt::format("  Using {}synchronous calls for inference\n", options.is_async || options.streaming ? "a" : "");
  if (facts.is_decoupled) {
    text += fmt::format("  Detected {}, using the first response for measuring latency\n",
                        options.service == ServiceKind::kOpenAi ? "answers that are events" : "decoupled model");
  }
  return text + "\n";
}

std::string ResultText(const Options& options, const ModelFacts& facts, const Measured& measured) {
  const Latencies& latencies = measured.latencies;
  std::string text = "  Client: \n";
  if (measured.is_interrupted) text += fmt::format("    Interrupted after {:.3g} s\n", measured.seconds);
  text += fmt::format("    Request count: {}\n", measured.requests);
  if (measured.sequences > 0)
    text +=
        fmt::format("    {} count: {} ({:.6g} seq/sec)\n", options.load == LoadKind::kSessions ? "Session" : "Sequence",
                    measured.sequences, static_cast<double>(measured.sequences) / measured.seconds);
  text += fmt::format("    Throughput: {:.6g} infer/sec\n", measured.throughput);
  if (facts.is_decoupled) text += fmt::format("    Response Throughput: {:.6g} infer/sec\n", measured.responses);
  text += fmt::format("    Avg latency: {:.0f} usec (standard deviation {:.0f} usec)\n", latencies.average_us,
                      latencies.deviation_us);
  for (const int percent : PercentsOf(options))
    text += fmt::format("    p{} latency: {:.0f} usec\n", percent, latencies.Percentile(percent));
  if (measured.delayed_share > 0.01)
    text += fmt::format("    {:.1f} % of the requests were sent late: all connections were waiting for answers\n",
                        measured.delayed_share * 100);
  if (facts.has_statistics) text += ServerText(measured.server, facts);
  return text + MetricsText(measured.metrics) + "\n";
}

std::string SummaryText(const Options& options, std::span<const Measured> results) {
  std::string text = fmt::format("Inferences/Second vs. Client {} Batch Latency\n",
                                 options.percentile < 0 ? "Average" : fmt::format("p{}", options.percentile));
  for (const Measured& measured : results) {
    text += IsByTime(options.load) ? fmt::format("Request Rate: {:g}", measured.load)
                                   : fmt::format("Concurrency: {:.0f}", measured.load);
    text += fmt::format(", throughput: {:.6g} infer/sec, latency {:.0f} usec\n", measured.throughput,
                        SteadyLatency(measured.latencies, options.percentile));
  }
  return text;
}

std::string Csv(const Options& options, const ModelFacts& facts, std::span<const Measured> results) {
  std::string text = LoadColumn(options);
  text +=
      fmt::format(",Inferences/Second,{}Client Send{},Client Recv", facts.is_decoupled ? "Response Throughput," : "",
                  facts.has_statistics ? ",Network+Server Send/Recv" + ServerColumns(facts.has_cache) : "");
  for (const int percent : PercentsOf(options)) text += fmt::format(",p{} latency", percent);
  if (options.verbose_csv) text += options.percentile < 0 ? ",Avg latency" : "";
  if (options.verbose_csv) text += ",request/response,response wait";
  if (options.verbose_csv && options.collect_metrics)
    text += ",Avg GPU Utilization,Avg GPU Power Usage,Max GPU Memory Usage,Total GPU Memory";
  text += '\n';
  for (const Measured* const row : ByThroughput(results)) text += CsvRow(options, facts, *row);
  return text;
}

std::vector<ComposingCsv> ComposingCsvs(const Options& options, const ModelFacts& facts,
                                        std::span<const Measured> results) {
  const std::vector<const Measured*> rows = ByThroughput(results);
  std::vector<const ServerCounts*> counts;
  for (const Measured* const row : rows) counts.push_back(&row->server);
  std::vector<ComposingCsv> files;
  AddComposing(facts.composing, rows, counts, options, files);
  return files;
}

}  // namespace neso::perf
