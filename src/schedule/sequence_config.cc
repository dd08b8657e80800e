#include "schedule/sequence_config.h"

#include <algorithm>

#include "base/saturating.h"

namespace neso {
namespace {

// What is left of the requests' batching when which instance takes them is settled.
BatchingConfig OldestBatching(uint32_t max_batch_size, const inference::ModelConfig& model) {
  const inference::ModelSequenceBatching::StrategyOldest& oldest = model.sequence_batching().oldest();
  BatchingConfig config = DirectConfig();
  config.max_batch_size = max_batch_size;
  config.preferred_sizes.assign(oldest.preferred_batch_size().begin(), oldest.preferred_batch_size().end());
  std::sort(config.preferred_sizes.begin(), config.preferred_sizes.end());
  if (config.preferred_sizes.empty() && max_batch_size > 0) config.preferred_sizes = {max_batch_size};
  config.max_queue_delay = SaturatingMicroseconds(oldest.max_queue_delay_microseconds());
  config.preserve_ordering = oldest.preserve_ordering();
  config.key_parameter = BatchKeyParameter(model);
  return config;
}

}  // namespace

SequenceConfig MakeSequenceConfig(const inference::ModelConfig& config) {
  const inference::ModelSequenceBatching& batching = config.sequence_batching();
  const auto max_batch_size = static_cast<uint32_t>(std::max(config.max_batch_size(), 0));
  SequenceConfig result;
  result.slots = std::max(max_batch_size, 1U);
  result.max_idle = SaturatingMicroseconds(batching.max_sequence_idle_microseconds());
  result.is_iterative = batching.iterative_sequence();
  result.direct = {.max_batch_size = result.slots,
                   .minimum_slot_utilization = batching.direct().minimum_slot_utilization(),
                   .max_queue_delay = SaturatingMicroseconds(batching.direct().max_queue_delay_microseconds())};
  if (batching.has_oldest()) {
    result.oldest = OldestBatching(max_batch_size, config);
    const int32_t candidates = batching.oldest().max_candidate_sequences();
    if (candidates > 0) result.slots = static_cast<uint32_t>(candidates);
  }
  return result;
}

}  // namespace neso
