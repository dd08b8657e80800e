// Scenarios of all kinds, each made of a seed.
#pragma once

#include <cstdint>
#include <vector>

#include "config/model_config.pb.h"
#include "scenario.h"

namespace neso::simulator {

// A model with or without dynamic batching, with queue policies by priority, and requests of several sizes and shapes that
// come faster or slower than it executes them. Some are cancelled.
Scenario RandomQueueScenario(unsigned seed, uint64_t requests);

// A model with sequences by either strategy. Every sequence ends.
Scenario RandomSequenceScenario(unsigned seed, uint64_t sequences);

}  // namespace neso::simulator
