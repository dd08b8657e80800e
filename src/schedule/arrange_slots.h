// The policy of the direct strategy: when the slots of an instance make up a batch, and which rows it has.
//
// Pure functions: no clock, no lock, no queue. Source: model configuration, "sequence_batching.direct".
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "base/clock.h"
#include "schedule/sequence_config.h"

namespace neso {

struct SlotsDecision {
  enum class Kind : uint8_t { kNothing, kTake, kWait };
  Kind kind = Kind::kNothing;
  TimePoint until{};  // kWait: then take what is there
  bool operator==(const SlotsDecision&) const = default;
};

// With `ready` slots that have a request, the oldest of which waits since `oldest`. Without a minimum utilization, or
// when it is reached, a batch goes at once; else when the oldest request has waited for the delay. A delay alone does
// nothing.
SlotsDecision DecideSlots(size_t ready, TimePoint oldest, const DirectStrategy& strategy, TimePoint now);

// rows[i]: whether row i is the request of slot i; else nobody's. The first `slots` are looked at; `is_ready` says
// which have a request, `fits` (empty: all do) whether it can share the batch. The last row is a request. `rows` is
// overwritten.
void ArrangeSlots(size_t slots, const std::function<bool(size_t)>& is_ready, const std::function<bool(size_t)>& fits,
                  std::vector<bool>& rows);

}  // namespace neso
