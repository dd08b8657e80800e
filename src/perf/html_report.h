// A report with plots as one HTML file, which needs nothing from elsewhere: latency and throughput against the load, and
// for each load how latencies are spread and how they went over time.
#pragma once

#include <span>
#include <string>

#include "perf/measure.h"
#include "perf/svg_plot.h"

namespace neso::perf {

// Precondition: there is a result.
std::string HtmlReport(const Options& options, std::span<const Measured> results);

// What it draws.
Plot LatencyPlot(const Options& options, std::span<const Measured> results);
Plot ThroughputPlot(const Options& options, std::span<const Measured> results);
Plot HistogramPlot(const Options& options, const Measured& measured);
Plot TimelinePlot(const Options& options, const Measured& measured);

// A page around `body`, which is markup already.
std::string HtmlPage(std::string_view title, std::string_view body);
// The first row is the heading.
std::string HtmlTable(std::span<const std::vector<std::string>> rows);

}  // namespace neso::perf
