#include "engine/check_options.h"

#include <charconv>
#include <cmath>
#include <string_view>

#include "base/log.h"
#include "base/text.h"
#include "core/latency_histograms.h"

namespace neso {
namespace {

// The whole of a text as a number; NaN if it is none.
double NumberOf(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : std::nan("");
}

bool IsShare(double number) { return number >= 0 && number <= 1; }

}  // namespace

std::string MetricsSetting(const ServerOptions& options, const std::string& setting, const std::string& otherwise) {
  std::string value = otherwise;
  for (const auto& [name, settings] : options.metrics_config) {
    for (const auto& [key, given] : settings) {
      if (key == setting) value = given;
    }
  }
  return value;
}

bool PrefersOpenMetrics(const ServerOptions& options) {
  return MetricsSetting(options, "openmetrics", "false") == "true";
}

Expected<std::optional<std::vector<double>>> HistogramBounds(const ServerOptions& options) {
  std::optional<std::vector<double>> bounds;
  if (MetricsSetting(options, "histogram_latencies", "false") != "true") return bounds;
  bounds.emplace(kDefaultDurationBounds.begin(), kDefaultDurationBounds.end());
  const std::string given = MetricsSetting(options, "histogram_buckets", "");
  if (given.empty()) return bounds;
  bounds->clear();
  for (const std::string_view text : Split(given, ',')) {
    const double bound = NumberOf(text);
    if (!std::isfinite(bound) || bound <= (bounds->empty() ? 0 : bounds->back())) {
      return InvalidArg(
          "metrics setting 'histogram_buckets': expected ascending milliseconds with commas between them, as in "
          "0.5,1,10; got '{}'",
          given);
    }
    bounds->push_back(bound);
  }
  return bounds;
}

bool HasSummaries(const ServerOptions& options) {
  return MetricsSetting(options, "summary_latencies", "false") == "true";
}

std::vector<double> SummaryQuantiles(const ServerOptions& options) {
  const std::string given =
      MetricsSetting(options, "summary_quantiles", "0.5:0.05,0.9:0.01,0.95:0.001,0.99:0.001,0.999:0.001");
  std::vector<double> quantiles;
  for (const std::string_view item : Split(given, ',')) {
    const size_t colon = std::min(item.find(':'), item.size());
    const double quantile = NumberOf(item.substr(0, colon));
    if (colon < item.size() && IsShare(quantile) && IsShare(NumberOf(item.substr(colon + 1)))) {
      quantiles.push_back(quantile);
    } else {
      LOG_WARNING("metrics setting 'summary_quantiles': expected quantile:error, as in 0.99:0.001, got '{}'", item);
    }
  }
  return quantiles;
}

Status CheckServerOptions(const ServerOptions& options) {
  if (options.model_repositories.empty()) return InvalidArg("--model-repository must be specified");
  if (options.cache_config.size() > 1) {
    return InvalidArg("found multiple cache configurations, but only a single cache is currently supported");
  }
  const Expected<std::optional<std::vector<double>>> bounds = HistogramBounds(options);
  return bounds ? Status() : bounds.error();
}

}  // namespace neso
