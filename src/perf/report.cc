#include "perf/report.h"

#include <algorithm>
#include <set>
#include <vector>

namespace neso::perf {
namespace {

// Of one request, in microseconds.
double Average(const ServerCounts::Part& part, const ServerCounts& counts) {
  return counts.success.count == 0 ? 0 : static_cast<double>(part.ns) / 1e3 / static_cast<double>(counts.success.count);
}

struct ServerTimes {
  double total, queue, input, infer, output;
  double overhead() const { return std::max(0.0, total - queue - input - infer - output); }
};
ServerTimes TimesOf(const ServerCounts& counts) {
  return {Average(counts.success, counts), Average(counts.queue, counts), Average(counts.compute_input, counts),
          Average(counts.compute_infer, counts), Average(counts.compute_output, counts)};
}

std::set<int> Percents(const Options& options) {
  std::set<int> percents = {50, 90, 95, 99};
  if (options.percentile > 0) percents.insert(options.percentile);
  return percents;
}

}  // namespace

std::string SettingsText(const Options& options) {
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
  if (options.latency_limit.count() > 0)
    text += fmt::format("  Latency limit: {} msec\n", options.latency_limit.count());
  if (options.load == LoadKind::kConcurrency && options.range.end > options.range.start)
    text += fmt::format("  Concurrency limit: {:.0f} concurrent requests\n", options.range.end);
  if (options.load == LoadKind::kRequestRate) {
    text += fmt::format("  Using {} distribution on request generation\n",
                        options.distribution == Distribution::kPoisson ? "poisson" : "uniform");
    text += "  Latencies are counted from the time a request was to be sent\n";
  }
  return text + "\n";
}

std::string LoadText(const Options& options, double load) {
  return options.load == LoadKind::kConcurrency
             ? fmt::format("Request concurrency: {:.0f}\n", load)
             : fmt::format("Request Rate: {:g} inference requests per second\n", load);
}

std::string ResultText(const Options& options, const Measured& measured) {
  const Latencies& latencies = measured.latencies;
  std::string text = "  Client: \n";
  text +=
      fmt::format("    Request count: {}\n    Throughput: {:.6g} infer/sec\n", measured.requests, measured.throughput);
  text += fmt::format("    Avg latency: {:.0f} usec (standard deviation {:.0f} usec)\n", latencies.average_us,
                      latencies.deviation_us);
  for (const int percent : Percents(options))
    text += fmt::format("    p{} latency: {:.0f} usec\n", percent, latencies.Percentile(percent));
  if (measured.delayed_share > 0.01)
    text += fmt::format("    {:.1f} % of the requests were sent late: all connections were waiting for answers\n",
                        measured.delayed_share * 100);
  const ServerTimes times = TimesOf(measured.server);
  text += "  Server: \n";
  text += fmt::format("    Inference count: {}\n    Execution count: {}\n    Successful request count: {}\n",
                      measured.server.inferences, measured.server.executions, measured.server.success.count);
  text += fmt::format(
      "    Avg request latency: {:.0f} usec (overhead {:.0f} usec + queue {:.0f} usec + compute input {:.0f} usec + compute "
      "infer {:.0f} usec + compute output {:.0f} usec)\n\n",
      times.total, times.overhead(), times.queue, times.input, times.infer, times.output);
  return text;
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

std::string Csv(const Options& options, std::span<const Measured> results) {
  std::string text = options.load == LoadKind::kConcurrency ? "Concurrency" : "Request Rate";
  text +=
      ",Inferences/Second,Client Send,Network+Server Send/Recv,Server Queue,Server Compute Input,"
      "Server Compute Infer,Server Compute Output,Client Recv";
  for (const int percent : Percents(options)) text += fmt::format(",p{} latency", percent);
  if (options.verbose_csv) text += options.percentile < 0 ? ",Avg latency" : "";
  if (options.verbose_csv) text += ",request/response,response wait";
  text += '\n';
  std::vector<const Measured*> rows;
  for (const Measured& measured : results) rows.push_back(&measured);
  std::ranges::sort(rows, {}, &Measured::throughput);
  for (const Measured* const row : rows) {
    const ServerTimes times = TimesOf(row->server);
    const double average = row->latencies.average_us;
    const double elsewhere = std::max(0.0, average - times.queue - times.input - times.infer - times.output);
    // Sending and receiving are not told apart from the network: the same bytes are sent again, and answers not decoded.
    text += fmt::format("{:g},{:.6g},0,{:.0f},{:.0f},{:.0f},{:.0f},{:.0f},0", row->load, row->throughput, elsewhere,
                        times.queue, times.input, times.infer, times.output);
    for (const int percent : Percents(options)) text += fmt::format(",{:.0f}", row->latencies.Percentile(percent));
    if (options.verbose_csv && options.percentile < 0) text += fmt::format(",{:.0f}", average);
    if (options.verbose_csv) text += fmt::format(",0,{:.0f}", average);
    text += '\n';
  }
  return text;
}

std::string ExportJson(const Options& options, std::span<const Measured> results) {
  const auto offset = std::chrono::duration_cast<Nanoseconds>(std::chrono::system_clock::now().time_since_epoch() -
                                                              std::chrono::steady_clock::now().time_since_epoch());
  const auto stamp = [offset](TimePoint time) { return (time.time_since_epoch() + offset).count(); };
  std::string text = R"({"experiments":[)";
  for (const Measured& measured : results) {
    if (&measured != results.data()) text += ',';
    text += fmt::format(R"({{"experiment":{{"mode":"{}","value":{:g}}},"requests":[)",
                        options.load == LoadKind::kConcurrency ? "concurrency" : "request_rate", measured.load);
    const char* separator = "";
    for (const Window& window : measured.windows) {
      for (const Sample& sample : window.samples) {
        text += fmt::format(R"({}{{"timestamp":{},"response_timestamps":[{}]}})", separator, stamp(sample.begin),
                            stamp(sample.end));
        separator = ",";
      }
    }
    text += R"(],"window_boundaries":[)";
    for (const Window& window : measured.windows) {
      text +=
          fmt::format("{}{},{}", &window == measured.windows.data() ? "" : ",", stamp(window.begin), stamp(window.end));
    }
    text += "]}";
  }
  return text + R"(],"version":"neso","service_kind":"triton","endpoint":""})" + "\n";
}

}  // namespace neso::perf
