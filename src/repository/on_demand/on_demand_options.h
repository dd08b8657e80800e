// How models are loaded on demand, as an operator wants it.
#pragma once

#include <chrono>

#include "base/clock.h"
#include "repository/on_demand/memory_use.h"

namespace neso {

struct OnDemandOptions {
  MemoryLimits budget{};                             // of all loaded models together
  Nanoseconds load_wait = std::chrono::seconds(30);  // how long a request waits for its model
  Nanoseconds idle_timeout{0};                       // after which a model that nobody uses leaves; 0: never
  unsigned parallel_loads = 4;
  // How long it is believed that a model takes more than the budget, when its files would fit (oversized_models.h).
  Nanoseconds oversized_pause = std::chrono::minutes(1);
};

}  // namespace neso
