// The policy of batching: which of the waiting requests to execute now, if any.
//
// A pure function: no clock, no lock, no queue. Source: model configuration, "dynamic_batching".
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "base/clock.h"
#include "schedule/batching_config.h"

namespace neso {

// A waiting request as the policy sees it.
struct BatchCandidate {
  uint32_t rows;  // at least 1
  TimePoint queued_at;
};

struct BatchDecision {
  enum class Kind : uint8_t { kNothing, kTake, kWait };
  Kind kind = Kind::kNothing;
  size_t count = 0;          // kTake: this many from the front
  TimePoint until{};         // kWait: then take what is there
  uint32_t rows_wanted = 0;  // kWait: or earlier, when this many rows wait
  bool operator==(const BatchDecision&) const = default;
};

// Whether queue[index] may share a batch with all that stand before it. Empty: always. Called for ascending indexes,
// not for 0.
using BatchIncludes = std::function<bool(size_t index)>;

// `queue` is in order of service; what lies more than config.max_batch_size rows deep does not matter.
//  - A batch never exceeds max_batch_size, nor goes past a request that may not share it.
//  - The largest preferred size that the front of the queue makes up is taken at once.
//  - Otherwise, or when the oldest request has waited max_queue_delay, all that fits is taken: at once if there is no
//    delay, if the batch cannot grow or if it is past the largest preferred size.
BatchDecision PickBatch(std::span<const BatchCandidate> queue, const BatchingConfig& config, TimePoint now,
                        const BatchIncludes& includes = nullptr);

}  // namespace neso
