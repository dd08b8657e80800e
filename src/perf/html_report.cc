#include "perf/html_report.h"

#include <fmt/chrono.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace neso::perf {
namespace {

constexpr size_t kHistogramBins = 60;
constexpr size_t kTimelineBins = 240;

std::string LoadLabel(const Options& options) {
  return IsByTime(options.load) ? "requests to be sent a second" : "requests at a time";
}

std::string LoadName(const Options& options, double load) {
  return fmt::format("{:g} {}", load, IsByTime(options.load) ? "a second" : "at a time");
}

double Milliseconds(Nanoseconds time) { return std::chrono::duration<double, std::milli>(time).count(); }

// By load, whatever the order they were measured in.
std::vector<const Measured*> ByLoad(std::span<const Measured> results) {
  std::vector<const Measured*> sorted;
  for (const Measured& measured : results) sorted.push_back(&measured);
  std::ranges::sort(sorted, {}, &Measured::load);
  return sorted;
}

std::string ResultTable(const Options& options, std::span<const Measured> results) {
  std::vector<std::vector<std::string>> rows = {{LoadLabel(options), "inferences a second", "average, ms", "p50, ms",
                                                 "p90, ms", "p95, ms", "p99, ms", "longest, ms", "requests"}};
  for (const Measured* const one : ByLoad(results)) {
    const Latencies& latencies = one->latencies;
    std::vector<std::string>& row = rows.emplace_back();
    row = {fmt::format("{:g}", one->load), fmt::format("{:.1f}", one->throughput),
           fmt::format("{:.3f}", latencies.average_us / 1e3)};
    for (const int percent : {50, 90, 95, 99, 100})
      row.push_back(fmt::format("{:.3f}", latencies.Percentile(percent) / 1e3));
    row.push_back(std::to_string(one->requests));
  }
  return HtmlTable(rows);
}

std::string PlaceText(const Options& options) {
  if (options.service == ServiceKind::kServer) return "at " + EscapeMarkup(options.url);
  return "of " + EscapeMarkup(options.model_repository) + " in the process";
}

}  // namespace

Plot LatencyPlot(const Options& options, std::span<const Measured> results) {
  Plot plot{.title = "Latency against load", .x = {LoadLabel(options)}, .y = {"milliseconds"}, .series = {}};
  for (const int percent : {50, 90, 99}) {
    Series& series = plot.series.emplace_back(Series{.name = fmt::format("p{}", percent), .points = {}});
    for (const Measured* const one : ByLoad(results))
      series.points.push_back({one->load, one->latencies.Percentile(percent) / 1e3});
  }
  return plot;
}

Plot ThroughputPlot(const Options& options, std::span<const Measured> results) {
  Plot plot{.title = "Throughput against load",
            .x = {LoadLabel(options)},
            .y = {"inferences a second"},
            .series = {{.name = "throughput", .points = {}}}};
  for (const Measured* const one : ByLoad(results)) plot.series[0].points.push_back({one->load, one->throughput});
  return plot;
}

Plot HistogramPlot(const Options& options, const Measured& measured) {
  Plot plot{.title = "How latencies are spread: " + LoadName(options, measured.load),
            .x = {"milliseconds", /*is_logarithmic=*/true},
            .y = {"requests"},
            .series = {{.name = "requests", .points = {}, .form = SeriesForm::kSteps}}};
  const std::vector<double>& sorted = measured.latencies.sorted_us;
  if (sorted.empty() || sorted.front() <= 0) return plot;
  const double low = std::log(sorted.front()), width = std::max((std::log(sorted.back()) - low) / kHistogramBins, 1e-3);
  auto next = sorted.begin();
  for (size_t bin = 0; bin < kHistogramBins; bin++) {
    const double begin = std::exp(low + width * static_cast<double>(bin)), end = begin * std::exp(width);
    const auto last = bin + 1 == kHistogramBins ? sorted.end() : std::lower_bound(next, sorted.end(), end);
    plot.series[0].points.push_back({begin / 1e3, static_cast<double>(last - next)});
    next = last;
    if (bin + 1 == kHistogramBins) plot.series[0].points.push_back({end / 1e3, 0});
  }
  return plot;
}

Plot TimelinePlot(const Options& options, const Measured& measured) {
  Plot plot{.title = "Latency over time: " + LoadName(options, measured.load),
            .x = {"seconds"},
            .y = {"milliseconds"},
            .series = {{.name = "longest", .points = {}}, {.name = "median", .points = {}}}};
  if (measured.windows.empty()) return plot;
  const TimePoint begin = measured.windows.front().begin;
  const double length = std::max(std::chrono::duration<double>(measured.windows.back().end - begin).count(), 1e-6);
  std::map<size_t, std::vector<double>> bins;
  for (const Window& window : measured.windows) {
    for (const Sample& sample : window.samples) {
      const double at = std::chrono::duration<double>(sample.end - begin).count() / length;
      bins[static_cast<size_t>(std::clamp(at, 0.0, 1.0) * (kTimelineBins - 1))].push_back(
          Milliseconds(sample.end - sample.begin));
    }
  }
  for (auto& [bin, latencies] : bins) {
    const double seconds = (static_cast<double>(bin) + 0.5) / kTimelineBins * length;
    std::ranges::sort(latencies);
    plot.series[0].points.push_back({seconds, latencies.back()});
    plot.series[1].points.push_back({seconds, latencies[latencies.size() / 2]});
  }
  return plot;
}

std::string HtmlPage(std::string_view title, std::string_view body) {
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{0}</title>\n"
      "<style>body{{font-family:sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#222;background:#fff}}\n"
      "table{{border-collapse:collapse}}td,th{{padding:.3em .7em;text-align:right;border-bottom:1px solid #ddd}}\n"
      "svg{{max-width:100%;height:auto;margin:1em 0}}code{{background:#f3f3f3;padding:0 .2em}}\n"
      "pre{{background:#f3f3f3;padding:1em;overflow:auto}}</style>\n"
      "</head><body>\n<h1>{0}</h1>\n{1}</body></html>\n",
      EscapeMarkup(title), body);
}

std::string HtmlTable(std::span<const std::vector<std::string>> rows) {
  std::string text = "<table>\n";
  for (const std::vector<std::string>& row : rows) {
    const char* const cell = &row == rows.data() ? "th" : "td";
    text += "<tr>";
    for (const std::string& value : row) text += fmt::format("<{0}>{1}</{0}>", cell, EscapeMarkup(value));
    text += "</tr>\n";
  }
  return text + "</table>\n";
}

std::string HtmlReport(const Options& options, std::span<const Measured> results) {
  std::string body = fmt::format("<p>{} {}, batch {}, measured on {:%Y-%m-%d %H:%M} UTC by <code>neso perf</code>. ",
                                 EscapeMarkup(options.model), PlaceText(options), options.batch,
                                 fmt::gmtime(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now())));
  body += fmt::format("A request's time is from when it was {}sent until its answer was there.</p>\n",
                      IsByTime(options.load) ? "to be " : "");
  body += ResultTable(options, results);
  body += DrawPlot(LatencyPlot(options, results)) + DrawPlot(ThroughputPlot(options, results));
  for (const Measured* const one : ByLoad(results))
    body += DrawPlot(HistogramPlot(options, *one)) + DrawPlot(TimelinePlot(options, *one));
  return HtmlPage("How " + options.model + " does under load", body);
}

}  // namespace neso::perf
