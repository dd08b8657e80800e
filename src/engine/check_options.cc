#include "engine/check_options.h"

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

Status CheckServerOptions(const ServerOptions& options) {
  if (options.model_repositories.empty()) return InvalidArg("--model-repository must be specified");
  if (options.rate_limit != TRITONSERVER_RATE_LIMIT_OFF) {
    return Unsupported("rate limiting by execution count is not supported by this server");
  }
  if (!options.cache_config.empty()) {
    return Unsupported("response caches are not supported by this server (cache '{}')",
                       options.cache_config.begin()->first);
  }
  if (options.model_namespacing) return Unsupported("model namespacing is not supported by this server");
  for (const char* setting : {"histogram_latencies", "summary_latencies"}) {
    if (MetricsSetting(options, setting, "false") == "true") {
      return Unsupported("metrics setting '{}' is not supported by this server", setting);
    }
  }
  return {};
}

}  // namespace neso
