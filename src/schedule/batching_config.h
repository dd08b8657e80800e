// What a model's configuration says about batching and queueing, in the form the policies need.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "config/model_config.pb.h"

namespace neso {

// Of one priority level; `ModelQueuePolicy`.
struct QueuePolicy {
  Nanoseconds default_timeout{0};  // 0: none
  bool allow_timeout_override =
      false;                    // a request's timeout may shorten the default one; without default it is ignored
  bool delay_expired = false;   // instead of refusing them: executed after all others of the level
  uint32_t max_queue_size = 0;  // 0: no limit
};

struct BatchingConfig {
  uint32_t max_batch_size = 0;            // rows; 0: every execution has one request
  std::vector<uint32_t> preferred_sizes;  // ascending, not empty unless max_batch_size is 0
  Nanoseconds max_queue_delay{0};
  bool preserve_ordering = false;
  std::string key_parameter;        // requests share a batch only if this parameter of theirs is the same; "": any do
  uint64_t starts_at = 0;           // nothing is executed before so many requests wait, once; for tests
  std::vector<QueuePolicy> levels;  // levels[0] is priority 1, the highest; at least one
  Nanoseconds latency_target{0};    // of the 99th percentile: sizes and delay are found while serving; 0: as configured
  std::string fair_share_by;        // the parameter that names a request's client; empty: first come, first served

  uint32_t max_preferred_size() const { return preferred_sizes.empty() ? max_batch_size : preferred_sizes.back(); }
};

// The request parameter that the model's parameter BATCH_KEY_PARAMETER names; "": none.
std::string BatchKeyParameter(const inference::ModelConfig& config);
// For a model without scheduling choice: one request an execution, in order of arrival, no limits.
BatchingConfig DirectConfig();
// Precondition: `config` is valid and has dynamic_batching.
BatchingConfig DynamicConfig(const inference::ModelConfig& config);

}  // namespace neso
