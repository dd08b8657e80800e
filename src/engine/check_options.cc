#include "engine/check_options.h"

#include <charconv>
#include <cmath>
#include <string_view>

#include "base/text.h"
#include "core/latency_histograms.h"
#include "engine/missing_behaviour.h"

namespace neso {

std::string MetricsSetting(const ServerOptions& options, const std::string& setting, const std::string& otherwise) {
  std::string value = otherwise;
  for (const auto& [name, settings] : options.metrics_config) {
    for (const auto& [key, given] : settings) {
      if (key == setting) value = given;
    }
  }
  return value;
}

Expected<std::optional<std::vector<double>>> HistogramBounds(const ServerOptions& options) {
  std::optional<std::vector<double>> bounds;
  if (MetricsSetting(options, "histogram_latencies", "false") != "true") return bounds;
  bounds.emplace(kDefaultDurationBounds.begin(), kDefaultDurationBounds.end());
  const std::string given = MetricsSetting(options, "histogram_buckets", "");
  if (given.empty()) return bounds;
  bounds->clear();
  for (const std::string_view text : Split(given, ',')) {
    double bound = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bound);
    const bool is_above = std::isfinite(bound) && bound > (bounds->empty() ? 0 : bounds->back());
    if (error != std::errc() || end != text.data() + text.size() || !is_above) {
      return InvalidArg(
          "metrics setting 'histogram_buckets': expected ascending milliseconds with commas between them, as in "
          "0.5,1,10; got '{}'",
          given);
    }
    bounds->push_back(bound);
  }
  return bounds;
}

Status CheckServerOptions(const ServerOptions& options) {
  if (options.model_repositories.empty()) return InvalidArg("--model-repository must be specified");
  if (options.cache_config.size() > 1) {
    return InvalidArg("found multiple cache configurations, but only a single cache is currently supported");
  }
  const std::vector<std::string> missing = MissingBehaviour(options);
  if (!missing.empty()) return Unsupported("{}", missing[0]);
  const Expected<std::optional<std::vector<double>>> bounds = HistogramBounds(options);
  return bounds ? Status() : bounds.error();
}

}  // namespace neso
