// Makes the trees that are walked (forest.h) of those in a checkpoint.
#pragma once

#include <vector>

#include "checkpoint.h"
#include "forest.h"
#include "neso/backend/status.h"

namespace neso::fil {

// Without the values of leaves: `leaves` says which node of which tree in the checkpoint each leaf was, by its payload.
struct LeafOrigin {
  size_t tree = 0;
  size_t node = 0;
};

backend::Result<Trees> MakeTrees(const Checkpoint& model, std::vector<LeafOrigin>& leaves);

// The float f for which, of all floats x that are numbers, just those are below f that are below `threshold`; likewise at most.
// NaN if all of them are.
float ThresholdBelow(double threshold);
float ThresholdAtMost(double threshold);

}  // namespace neso::fil
