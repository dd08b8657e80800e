// Any bytes are a model whose trees can be walked and explained, or they are refused.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <span>
#include <vector>

#include "checkpoint.h"
#include "forest.h"
#include "shap.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto model = neso::fil::ParseCheckpoint(std::as_bytes(std::span(data, size)));
  if (!model) {
    if (model.status().message().empty()) std::abort();
    return 0;
  }
  const auto forest = neso::fil::MakeForest(*model);
  if (!forest || model->features > 4096) return 0;
  std::vector<float> rows;
  for (const float value : {0.0F, 1.0F, -1e30F, std::numeric_limits<float>::quiet_NaN()}) {
    rows.insert(rows.end(), model->features * 3, value);
  }
  std::vector<float> scores(12 * model->classes);
  (*forest)->Predict(rows.data(), 12, scores.data());
  // Deep trees take long to explain.
  const bool is_shallow =
      std::ranges::all_of((*forest)->trees().trees, [](const auto& tree) { return tree.depth < 9; });
  if (!is_shallow || !neso::fil::CheckShap(**forest).ok()) return 0;
  std::vector<float> values(model->classes * (model->features + 1));
  neso::fil::WriteShap(**forest, rows.data(), values.data());
  return 0;
}
