#include "schedule/arrange_slots.h"

#include "base/saturating.h"

namespace neso {

SlotsDecision DecideSlots(size_t ready, TimePoint oldest, const DirectStrategy& strategy, TimePoint now) {
  if (ready == 0) return {};
  const double utilization = static_cast<double>(ready) / strategy.max_batch_size;
  const TimePoint until = After(oldest, strategy.max_queue_delay);
  if (strategy.minimum_slot_utilization <= 0 || utilization >= double{strategy.minimum_slot_utilization} ||
      now >= until) {
    return {.kind = SlotsDecision::Kind::kTake};
  }
  return {.kind = SlotsDecision::Kind::kWait, .until = until};
}

void ArrangeSlots(size_t slots, const std::function<bool(size_t)>& is_ready, const std::function<bool(size_t)>& fits,
                  std::vector<bool>& rows) {
  rows.clear();
  for (size_t i = 0; i < slots; ++i) {
    if (!is_ready(i) || (fits && !fits(i))) continue;
    rows.resize(i + 1);
    rows[i] = true;
  }
}

}  // namespace neso
