#include "server/missing_behaviour.h"

#include <algorithm>
#include <string_view>

namespace neso {
namespace {

struct MissingRow {
  const char* option;
  bool (*is_asked_for)(const Options& options);
  const char* text;
};

bool HasCloudRepository(const Options& options) {
  const auto& paths = options.server.model_repositories;
  return std::any_of(paths.begin(), paths.end(), [](const std::string& path) {
    return path.starts_with("s3://") || path.starts_with("gs://") || path.starts_with("as://");
  });
}

bool HasMetricsSetting(const Options& options, std::string_view setting) {
  const auto common = options.server.metrics_config.find("");
  if (common == options.server.metrics_config.end()) return false;
  return std::any_of(common->second.begin(), common->second.end(),
                     [&](const auto& entry) { return entry.first == setting && entry.second == "true"; });
}

constexpr MissingRow kMissing[] = {
    {"model-repository", HasCloudRepository, "repositories in object storage (s3://, gs://, as://)"},
    {"model-control-mode=poll",
     [](const Options& o) { return o.server.control_mode == TRITONSERVER_MODEL_CONTROL_POLL; },
     "following changes in the model repository"},
    {"model-namespacing", [](const Options& o) { return o.server.model_namespacing; },
     "models of the same name in several repositories"},
    {"metrics-config summary_latencies", [](const Options& o) { return HasMetricsSetting(o, "summary_latencies"); },
     "latency summaries"},
    {"trace-config mode=opentelemetry", [](const Options& o) { return o.trace.mode == TraceMode::kOpenTelemetry; },
     "traces for OpenTelemetry"},
    {"cache-config", [](const Options& o) { return !o.server.cache_config.empty(); }, "the response cache"},
    {"rate-limit", [](const Options& o) { return o.server.rate_limit != TRITONSERVER_RATE_LIMIT_OFF; },
     "rate limiting by execution count"},
};

constexpr const char* kWithoutEffect[] = {
    "repository-poll-secs",
    "enable-peer-access",
    "allow-gpu-metrics",
    // One pool of network threads serves every port; --http-thread-count sizes it.
    "sagemaker-thread-count",
    "vertex-ai-thread-count",
    "repoagent-directory",
    "cache-directory",
    "rate-limit-resource",
    "pinned-memory-pool-byte-size",
    "cuda-memory-pool-byte-size",
    "cuda-virtual-address-size",
    "buffer-manager-thread-count",
    "model-load-gpu-limit",
    "min-supported-compute-capability",
    "grpc-infer-thread-count",
    "grpc-infer-allocation-pool-size",
    "grpc-max-response-pool-size",
};

}  // namespace

std::vector<std::string> MissingBehaviour(const Options& options) {
  std::vector<std::string> lines;
  for (const MissingRow& row : kMissing) {
    if (row.is_asked_for(options))
      lines.push_back(fmt::format("--{}: this server does not have {} yet", row.option, row.text));
  }
  return lines;
}

std::vector<std::string> OptionsWithoutEffect(const Options& options) {
  std::vector<std::string> names;
  for (const std::string& name : options.given) {
    if (std::find(std::begin(kWithoutEffect), std::end(kWithoutEffect), name) != std::end(kWithoutEffect)) {
      names.push_back(name);
    }
  }
  return names;
}

}  // namespace neso
