// Shapley values of a row's features: by how much each has moved the sum of the trees away from what is expected of a row that
// nothing is known of. Path-dependent: what is expected follows from how the training set went through the trees.
//
//   NESO_RETURN_IF_ERROR(CheckShap(forest));
//   WriteShap(forest, row, values);                   // values: [classes, features + 1]
//
// Of one class the values add up to the sum of the trees, before the postprocessor; the last one is what is expected.
// Source: Lundberg, Erion, Lee, "Consistent Individualized Feature Attribution for Tree Ensembles" (2018), algorithm 2.
#pragma once

#include <cstddef>

#include "forest.h"
#include "neso/backend/status.h"

namespace neso::fil {

// UNSUPPORTED for trees that are too deep, or do not tell how the training set went through them.
backend::Status CheckShap(const Forest& forest);

// Writes forest.trees().classes * (forest.trees().features + 1) values of one row. Thread-safe.
void WriteShap(const Forest& forest, const float* row, float* values);

}  // namespace neso::fil
