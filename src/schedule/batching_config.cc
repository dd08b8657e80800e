#include "schedule/batching_config.h"

#include <algorithm>

#include "base/saturating.h"
#include "config/model_parameter.h"
#include "config/validate.h"

namespace neso {
namespace {

QueuePolicy MakePolicy(const inference::ModelQueuePolicy& policy) {
  return {.default_timeout = SaturatingMicroseconds(policy.default_timeout_microseconds()),
          .allow_timeout_override = policy.allow_timeout_override(),
          .delay_expired = policy.timeout_action() == inference::ModelQueuePolicy::DELAY,
          .max_queue_size = policy.max_queue_size()};
}

// The value of a parameter of the model; "": it is not given.
std::string Parameter(const inference::ModelConfig& config, const char* name) {
  const std::string* const value = FindParameter(config, name);
  return value == nullptr ? "" : *value;
}

}  // namespace

std::string BatchKeyParameter(const inference::ModelConfig& config) { return Parameter(config, kBatchKeyParameter); }

BatchingConfig DirectConfig() {
  BatchingConfig config;
  config.levels.emplace_back();
  return config;
}

BatchingConfig DynamicConfig(const inference::ModelConfig& config) {
  const inference::ModelDynamicBatching& dynamic = config.dynamic_batching();
  BatchingConfig result;
  result.max_batch_size = static_cast<uint32_t>(std::max(config.max_batch_size(), 0));
  for (const int32_t size : dynamic.preferred_batch_size())
    result.preferred_sizes.push_back(static_cast<uint32_t>(size));
  std::sort(result.preferred_sizes.begin(), result.preferred_sizes.end());
  if (result.preferred_sizes.empty() && result.max_batch_size > 0) result.preferred_sizes = {result.max_batch_size};
  result.max_queue_delay = SaturatingMicroseconds(dynamic.max_queue_delay_microseconds());
  result.preserve_ordering = dynamic.preserve_ordering();
  result.levels.resize(std::max<uint64_t>(dynamic.priority_levels(), 1), MakePolicy(dynamic.default_queue_policy()));
  result.key_parameter = BatchKeyParameter(config);
  result.latency_target = SaturatingMicroseconds(*LatencyTargetMicroseconds(config));
  result.fair_share_by = Parameter(config, kFairShareParameter);
  for (const auto& [level, policy] : dynamic.priority_queue_policy()) {
    if (level >= 1 && level <= result.levels.size()) result.levels[level - 1] = MakePolicy(policy);
  }
  return result;
}

}  // namespace neso
