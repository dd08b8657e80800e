#include "random_scenario.h"

#include <fmt/format.h>
#include <triton/core/tritonserver.h>

#include <algorithm>
#include <random>

#include "loads.h"

namespace neso::simulator {
namespace {

using std::chrono::microseconds;

class Dice {
 public:
  explicit Dice(unsigned seed) : random_(seed) {}
  // 0 .. count-1.
  unsigned Below(unsigned count) { return static_cast<unsigned>(random_() % count); }
  bool OneIn(unsigned count) { return Below(count) == 0; }
  unsigned Seed() { return static_cast<unsigned>(random_()); }

 private:
  std::mt19937_64 random_;
};

std::string RandomPolicy(Dice& dice) {
  std::string policy;
  if (dice.OneIn(2)) policy += fmt::format("max_queue_size: {} ", 1 + dice.Below(40));
  if (dice.OneIn(2)) policy += fmt::format("default_timeout_microseconds: {} ", 200 + dice.Below(20'000));
  if (dice.OneIn(3)) policy += "timeout_action: DELAY ";
  if (dice.OneIn(3)) policy += "allow_timeout_override: true ";
  return policy;
}

std::string RandomBatching(Dice& dice, unsigned max_batch_size, unsigned& levels) {
  std::string text = fmt::format("max_batch_size: {} dynamic_batching {{ ", max_batch_size);
  for (unsigned size = 1; size <= max_batch_size; ++size) {
    if (dice.OneIn(6)) text += fmt::format("preferred_batch_size: {} ", size);
  }
  if (dice.OneIn(2)) text += fmt::format("max_queue_delay_microseconds: {} ", 1 + dice.Below(5'000));
  levels = dice.OneIn(2) ? 0 : 1 + dice.Below(4);
  if (levels > 0)
    text += fmt::format("priority_levels: {} default_priority_level: {} ", levels, 1 + dice.Below(levels));
  text += fmt::format("default_queue_policy {{ {} }} ", RandomPolicy(dice));
  for (unsigned level = 1; level <= levels; ++level) {
    if (dice.OneIn(2)) {
      text += fmt::format("priority_queue_policy {{ key: {} value {{ {} }} }} ", level, RandomPolicy(dice));
    }
  }
  return text + "}";
}

std::function<Nanoseconds(uint32_t)> RandomExecution(Dice& dice) {
  const microseconds base(50 + dice.Below(2'000)), row(dice.Below(200));
  return [base, row](uint32_t rows) { return base + rows * row; };
}

}  // namespace

Scenario RandomQueueScenario(unsigned seed, uint64_t requests) {
  Dice dice(seed);
  const unsigned max_batch_size = dice.OneIn(8) ? 0 : 1 + dice.Below(16);
  const bool varies = dice.OneIn(3), cancels = dice.OneIn(3), shares = max_batch_size > 0 && dice.OneIn(3);
  unsigned levels = 0;
  Scenario scenario{.config = max_batch_size == 0 ? "" : RandomBatching(dice, max_batch_size, levels),
                    .instances = 1 + dice.Below(4),
                    .execution = RandomExecution(dice),
                    .load = {}};
  if (shares) scenario.config += R"( parameters { key: "FAIR_SHARE_PARAMETER" value { string_value: "client" } })";
  // From half of what full batches allow to twice as much.
  const uint32_t full = std::max(max_batch_size, 1U);
  const double capacity = scenario.instances * full / std::chrono::duration<double>(scenario.execution(full)).count();
  const double rate = capacity * (0.5 + dice.Below(150) / 100.0);
  scenario.load = PoissonLoad(requests, rate, dice.Seed(), [=, dice = Dice(dice.Seed())](Arrival& arrival) mutable {
    if (max_batch_size > 1 && dice.OneIn(4)) arrival.rows = 1 + dice.Below(max_batch_size);
    if (varies) arrival.elements = 1 + dice.Below(2);
    if (shares) arrival.client = 1 + dice.Below(dice.OneIn(2) ? 1 : 5);
    if (levels > 0) arrival.priority = dice.Below(levels + 1);
    if (dice.OneIn(4)) arrival.timeout_us = 1 + dice.Below(10'000);
    if (cancels && dice.OneIn(10)) arrival.cancelled_at = arrival.at + microseconds(dice.Below(5'000));
  });
  return scenario;
}

Scenario RandomSequenceScenario(unsigned seed, uint64_t sequences) {
  Dice dice(seed);
  const unsigned max_batch_size = dice.Below(9);
  std::string strategy;
  if (dice.OneIn(2)) {
    strategy = dice.OneIn(2)
                   ? "direct { }"
                   : fmt::format("direct {{ minimum_slot_utilization: 0.{} max_queue_delay_microseconds: {} }}",
                                 1 + dice.Below(9), 1 + dice.Below(3'000));
  } else {
    strategy = fmt::format("oldest {{ max_candidate_sequences: {} max_queue_delay_microseconds: {} }}",
                           1 + dice.Below(12), dice.Below(2) * dice.Below(3'000));
  }
  Scenario scenario{.config = fmt::format("max_batch_size: {} sequence_batching {{ {} }}", max_batch_size, strategy),
                    .instances = 1 + dice.Below(4),
                    .execution = RandomExecution(dice),
                    .load = {}};
  for (uint64_t id = 1; id <= sequences; ++id) {
    TimePoint at(microseconds(dice.Below(200'000)));
    const unsigned length = 1 + dice.Below(8);
    for (unsigned i = 0; i < length; ++i) {
      const uint32_t flags = (i == 0 ? TRITONSERVER_REQUEST_FLAG_SEQUENCE_START : 0) |
                             (i + 1 == length ? TRITONSERVER_REQUEST_FLAG_SEQUENCE_END : 0);
      scenario.load.first.push_back({.at = at, .sequence = id, .flags = flags});
      at += microseconds(1 + dice.Below(3'000));
    }
  }
  return scenario;
}

}  // namespace neso::simulator
