#include "shap.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

namespace neso::fil {
namespace {

using backend::Status;

constexpr uint32_t kMaxDepth = 32;

// A feature on the way from the root: which part of the training set goes on where it is not known, and whether the row goes on
// where it is. `weight`: of the sets of features of a size, those that lead here.
struct PathElement {
  int64_t feature = -1;
  double zero = 0;
  double one = 0;
  double weight = 0;
};
using Path = std::array<PathElement, kMaxDepth + 2>;

void Extend(Path& path, size_t length, int64_t feature, double zero, double one) {
  path[length] = {.feature = feature, .zero = zero, .one = one, .weight = length == 0 ? 1.0 : 0.0};
  const auto total = static_cast<double>(length + 1);
  for (size_t i = length; i-- > 0;) {
    path[i + 1].weight += one * path[i].weight * static_cast<double>(i + 1) / total;
    path[i].weight = zero * path[i].weight * static_cast<double>(length - i) / total;
  }
}

// Calls `take(i, weight)` with the weights, from the last one, that the path's first `last` elements have without `element`.
template <typename Take>
void ForEachUnwound(const Path& path, size_t last, size_t element, const Take& take) {
  const double zero = path[element].zero;
  const double one = path[element].one;
  const auto total = static_cast<double>(last + 1);
  double next = path[last].weight;
  for (size_t i = last; i-- > 0;) {
    double weight = 0;
    if (one != 0) {
      weight = next * total / (static_cast<double>(i + 1) * one);
      next = path[i].weight - (weight * zero * static_cast<double>(last - i) / total);
    } else if (zero != 0) {
      weight = path[i].weight * total / (zero * static_cast<double>(last - i));
    }
    take(i, weight);
  }
}

void Unwind(Path& path, size_t last, size_t element) {
  std::array<double, kMaxDepth + 2> weights{};
  ForEachUnwound(path, last, element, [&](size_t i, double weight) { weights[i] = weight; });
  for (size_t i = 0; i < last; ++i) {
    const PathElement& from = path[i < element ? i : i + 1];
    path[i] = {.feature = from.feature, .zero = from.zero, .one = from.one, .weight = weights[i]};
  }
}

double UnwoundSum(const Path& path, size_t last, size_t element) {
  double sum = 0;
  ForEachUnwound(path, last, element, [&](size_t, double weight) { sum += weight; });
  return sum;
}

// One tree and one row.
class TreeExplainer {
 public:
  // `values`: [classes, features + 1].
  TreeExplainer(const Forest& forest, const Tree& tree, const float* row, double* values)
      : forest_(forest), trees_(forest.trees()), tree_(tree), row_(row), values_(values) {}

  void Explain() {
    Path path;
    Recurse(tree_.root, path, 0, -1, 1, 1);
    AddExpected(tree_.root, 1);
  }

 private:
  // What part of the node's rows went to the child.
  double PartOf(uint32_t child, uint32_t node) const {
    const double all = trees_.covers[node];
    return all > 0 ? trees_.covers[child] / all : 0;
  }

  // `path`: a copy for each node, of which `length` elements are used.
  void Recurse(uint32_t node, Path path, size_t length, int64_t feature, double zero, double one) {
    Extend(path, length, feature, zero, one);
    if (trees_.IsLeaf(node)) return AddLeaf(node, path, length);
    const int64_t split = trees_.nodes[node].feature & Node::kFeature;
    const uint32_t hot = trees_.Next(node, row_);
    const uint32_t cold = hot == trees_.nodes[node].left ? hot + 1 : hot - 1;
    double incoming_zero = 1;
    double incoming_one = 1;
    // A feature that was on the way already counts once, with both its splits.
    for (size_t i = 1; i <= length; ++i) {
      if (path[i].feature != split) continue;
      incoming_zero = path[i].zero;
      incoming_one = path[i].one;
      Unwind(path, length, i);
      --length;
      break;
    }
    Recurse(hot, path, length + 1, split, PartOf(hot, node) * incoming_zero, incoming_one);
    Recurse(cold, path, length + 1, split, PartOf(cold, node) * incoming_zero, 0);
  }

  void AddLeaf(uint32_t leaf, const Path& path, size_t last) {
    for (size_t i = 1; i <= last; ++i) {
      const double part = UnwoundSum(path, last, i) * (path[i].one - path[i].zero);
      Add(leaf, static_cast<size_t>(path[i].feature), part);
    }
  }

  void AddExpected(uint32_t node, double part) {
    if (trees_.IsLeaf(node)) return Add(node, trees_.features, part);
    const uint32_t left = trees_.nodes[node].left;
    AddExpected(left, part * PartOf(left, node));
    AddExpected(left + 1, part * PartOf(left + 1, node));
  }

  void Add(uint32_t leaf, size_t feature, double part) {
    const size_t width = trees_.features + 1;
    if (!trees_.has_vectors) {
      values_[(tree_.class_id * width) + feature] += part * forest_.Value(tree_, leaf, tree_.class_id);
      return;
    }
    for (size_t i = 0; i < trees_.classes; ++i) {
      values_[(i * width) + feature] += part * forest_.Value(tree_, leaf, i);
    }
  }

  const Forest& forest_;
  const Trees& trees_;
  const Tree& tree_;
  const float* const row_;
  double* const values_;
};

}  // namespace

Status CheckShap(const Forest& forest) {
  for (const Tree& tree : forest.trees().trees) {
    if (tree.depth > kMaxDepth) {
      return Status::Unsupported(
          "Tree depths above 32 not supported. Shap cannot be considered accurate at this depth.");
    }
  }
  if (forest.trees().covers.empty() && !forest.trees().nodes.empty()) {
    return Status::Unsupported("Model does not have node statistics.");
  }
  return {};
}

void WriteShap(const Forest& forest, const float* row, float* values) {
  const Trees& trees = forest.trees();
  const size_t width = trees.features + 1;
  thread_local std::vector<double> sums;
  sums.assign(trees.classes * width, 0);
  for (const Tree& tree : trees.trees) TreeExplainer(forest, tree, row, sums.data()).Explain();
  for (size_t i = 0; i < trees.classes; ++i) {
    for (size_t feature = 0; feature < width; ++feature) {
      const double value = sums[(i * width) + feature] * forest.scale(i);
      const double base = feature == trees.features ? forest.base_score(i) : 0;
      values[(i * width) + feature] = static_cast<float>(value + base);
    }
  }
}

}  // namespace neso::fil
