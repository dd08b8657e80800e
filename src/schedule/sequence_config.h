// What a model's configuration says about sequences, in the form the policies need.
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "config/model_config.pb.h"
#include "schedule/batching_config.h"

namespace neso {

// Each sequence has a row of its own in the batches of an instance.
struct DirectStrategy {
  uint32_t max_batch_size = 1;         // rows, at least 1
  float minimum_slot_utilization = 0;  // the part of the rows that must be ready for a batch to go at once; 0: any
  Nanoseconds max_queue_delay{0};      // or else when a request has waited so long
};

struct SequenceConfig {
  uint32_t slots = 1;  // sequences at the same time on one instance
  Nanoseconds max_idle{0};
  bool is_iterative = false;
  DirectStrategy direct;
  std::optional<BatchingConfig> oldest;  // how the sequences' requests are batched; none: the direct strategy
  // Nothing is executed before so many requests wait in slots, and so many in the backlog, once; for tests.
  uint64_t starts_at = 0;
  uint64_t starts_at_backlog = 0;
};

// Precondition: `config` is normalised and valid, and has sequence_batching.
SequenceConfig MakeSequenceConfig(const inference::ModelConfig& config);

}  // namespace neso
