#include "frontend/http/load_report.h"

#include <limits>
#include <map>

#include "base/json.h"
#include "observe/custom_metrics.h"

namespace neso {
namespace {

constexpr std::string_view kFamily = "nv_trt_llm_kv_cache_block_metrics";
constexpr const char* kBlockType = "kv_cache_block_type";

// What one model reports; negative: nothing.
struct Blocks {
  double used = -1;
  double max = -1;
  double tokens_per_block = -1;
};

struct KvCache {
  double utilization = 0;
  uint64_t token_capacity = 0;
};

std::map<MetricLabels, Blocks> BlocksByModel(const MetricFamily& family) {
  std::map<MetricLabels, Blocks> models;
  for (auto& [labels, value] : family.Values()) {
    MetricLabels model = labels;
    const std::string type = model[kBlockType];
    model.erase(kBlockType);
    Blocks& blocks = models[model];
    if (type == "used") blocks.used = value;
    if (type == "max") blocks.max = value;
    if (type == "tokens_per") blocks.tokens_per_block = value;
  }
  return models;
}

std::optional<KvCache> KvCacheOf(const MetricFamily& family) {
  double used = 0, max = 0, tokens = 0;
  for (const auto& [model, blocks] : BlocksByModel(family)) {
    if (!(blocks.used >= 0 && blocks.max > 0 && blocks.tokens_per_block >= 0)) continue;
    used += blocks.used;
    max += blocks.max;
    tokens += blocks.max * blocks.tokens_per_block;
  }
  // A backend may set anything, infinity too.
  constexpr double kMost = static_cast<double>(std::numeric_limits<int64_t>::max());
  if (max == 0 || !(used < kMost && max < kMost && tokens < kMost)) return {};
  return KvCache{.utilization = used / max, .token_capacity = static_cast<uint64_t>(tokens)};
}

}  // namespace

std::optional<std::string> LoadReport(std::string_view format, const MetricRegistry& registry) {
  const bool as_json = format == "json";
  if (!as_json && format != "text") return {};
  const std::shared_ptr<MetricFamily> family = registry.FindFamily(kFamily);
  if (family == nullptr) return {};
  const std::optional<KvCache> cache = KvCacheOf(*family);
  if (!cache) return {};
  std::string report =
      as_json ? "JSON {\"named_metrics\":{\"kv_cache_utilization\":" : "TEXT named_metrics.kv_cache_utilization=";
  AppendJsonDouble(report, cache->utilization);
  report += as_json ? ",\"max_token_capacity\":" : ", named_metrics.max_token_capacity=";
  AppendJsonUint(report, cache->token_capacity);
  if (as_json) report += "}}";
  return report;
}

}  // namespace neso
