// Classes of rows, made of what a model predicts; in place, since neither takes more room or reads what was overwritten.
#pragma once

#include <algorithm>
#include <cstddef>

namespace neso::fil {

// [rows, classes] becomes [rows]: the first of the classes with the largest score, 0 if none is above 0; of one score, whether it
// is above the threshold.
inline void WriteClasses(float* scores, size_t rows, size_t classes, float threshold) {
  for (size_t row = 0; row < rows; ++row) {
    const float* const of_row = scores + (row * classes);
    if (classes == 1) {
      scores[row] = *of_row > threshold ? 1.0F : 0.0F;
      continue;
    }
    const float* const best = std::max_element(of_row, of_row + classes);
    scores[row] = *best > 0 ? static_cast<float>(best - of_row) : 0.0F;
  }
}

// [rows], in memory for twice as many, becomes [rows, 2]: 1 - p and p.
inline void WriteBothClasses(float* scores, size_t rows) {
  for (size_t row = rows; row-- > 0;) {
    const float probability = scores[row];
    scores[row * 2] = 1.0F - probability;
    scores[(row * 2) + 1] = probability;
  }
}

}  // namespace neso::fil
