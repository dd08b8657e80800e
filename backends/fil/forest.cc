#include "forest.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <type_traits>
#include <utility>

#include "postprocessor.h"
#include "trees.h"

namespace neso::fil {
namespace {

using backend::Result;

// So many walks go on at once: each waits for memory at each step, and they do so together.
constexpr size_t kLanes = 8;
// Rows that each tree is walked for while it is in the cache; as many of them as fit the first level.
constexpr size_t kMaxBlock = 64;
constexpr size_t kBlockBytes = size_t{32} << 10;
// Up to here a walk of all lanes takes the tree's depth; in deeper trees most leaves are far above the deepest.
constexpr uint32_t kEvenDepth = 8;
constexpr uint32_t kStepsBetweenLooks = 4;

using Lanes = std::array<uint32_t, kLanes>;
using Rows = std::array<const float*, kLanes>;

template <bool kHasCategories>
uint32_t Step(const Trees& trees, const Node* nodes, uint32_t at, const float* row) {
  if constexpr (kHasCategories) {
    return trees.Next(at, row);
  } else {
    const Node& node = nodes[at];
    const float value = row[node.feature & Node::kFeature];
    // Without a branch, which would be missed every other time.
    const uint32_t not_below = value >= node.threshold ? 1 : 0;
    const uint32_t missing_right = std::isnan(value) ? 1 & ~(node.feature >> 31) : 0;
    return node.left + (not_below | missing_right);
  }
}

template <bool kHasCategories>
void StepAll(const Trees& trees, const Node* nodes, const Rows& rows, Lanes& at) {
  [&]<size_t... kLane>(std::index_sequence<kLane...>) {
    ((at[kLane] = Step<kHasCategories>(trees, nodes, at[kLane], rows[kLane])), ...);
  }(std::make_index_sequence<kLanes>());
}

// From where `at` is to the leaves, none of which is deeper than `depth`.
template <bool kHasCategories>
void Walk(const Trees& trees, const Rows& rows, uint32_t depth, Lanes& at) {
  const Node* const nodes = trees.nodes.data();
  uint32_t done = 0;
  while (done < depth) {
    const Lanes before = at;
    const uint32_t steps = depth <= kEvenDepth ? depth : std::min(kStepsBetweenLooks, depth - done);
    for (uint32_t i = 0; i < steps; ++i) StepAll<kHasCategories>(trees, nodes, rows, at);
    done += steps;
    if (at == before) return;
  }
}

// Of a model whose leaves are `Real`.
template <typename Real>
class ForestOf final : public Forest {
 public:
  ForestOf(const Checkpoint& model, Trees trees, const std::vector<LeafOrigin>& leaves,
           Postprocessor<Real> postprocessor)
      : trees_(std::move(trees)), postprocessor_(postprocessor), is_scaled_(model.average) {
    for (const double score : model.base_scores) base_scores_.push_back(static_cast<Real>(score));
    if (is_scaled_) SetScales();
    block_ = std::clamp(kBlockBytes / (trees_.features * sizeof(float)) / kLanes * kLanes, kLanes, kMaxBlock);
    if (trees_.has_vectors) values_.reserve(leaves.size() * trees_.classes);
    for (Node& node : trees_.nodes) {
      if (trees_.IsLeaf(static_cast<uint32_t>(&node - trees_.nodes.data())))
        SetValue(model, leaves[node.payload], node);
    }
  }

  const Trees& trees() const override { return trees_; }
  double base_score(size_t class_id) const override { return base_scores_[class_id]; }
  double scale(size_t class_id) const override { return is_scaled_ ? scales_[class_id] : 1; }

  double Value(const Tree& tree, uint32_t leaf, size_t class_id) const override {
    if (trees_.has_vectors) return values_[(trees_.nodes[leaf].payload * trees_.classes) + class_id];
    return tree.class_id == class_id ? ScalarOf(trees_.nodes[leaf]) : Real{0};
  }

  void Predict(const float* rows, size_t count, float* scores) const override {
    while (count > 0) {
      const size_t block = std::min(count, block_);
      if constexpr (std::is_same_v<Real, float>) {
        PredictBlock(rows, block, scores);
      } else {
        thread_local std::vector<Real> sums;
        sums.resize(std::max(sums.size(), block * trees_.classes));
        PredictBlock(rows, block, sums.data());
        std::transform(sums.begin(), sums.begin() + static_cast<std::ptrdiff_t>(block * trees_.classes), scores,
                       [](Real sum) { return static_cast<float>(sum); });
      }
      rows += block * trees_.features;
      scores += block * trees_.classes;
      count -= block;
    }
  }

 private:
  // Of an average: the sum of a class by the number of the trees that speak for it.
  void SetScales() {
    std::vector<size_t> counts(trees_.classes, trees_.has_vectors ? trees_.trees.size() : 0);
    for (const Tree& tree : trees_.trees) counts[tree.class_id] += trees_.has_vectors ? 0 : 1;
    for (const size_t count : counts) scales_.push_back(Real{1} / static_cast<Real>(std::max<size_t>(count, 1)));
  }

  void SetValue(const Checkpoint& model, const LeafOrigin& origin, Node& leaf) {
    const CheckpointTree& tree = model.trees[origin.tree];
    if (trees_.has_vectors) {
      leaf.payload = static_cast<uint32_t>(values_.size() / trees_.classes);
      const uint64_t begin = tree.leaf_vector_begin[origin.node];
      for (size_t i = 0; i < trees_.classes; ++i) values_.push_back(static_cast<Real>(tree.leaf_vectors[begin + i]));
    } else if constexpr (std::is_same_v<Real, float>) {
      leaf.payload = std::bit_cast<uint32_t>(static_cast<float>(tree.leaf_values[origin.node]));
    } else {
      leaf.payload = static_cast<uint32_t>(values_.size());
      values_.push_back(tree.leaf_values[origin.node]);
    }
  }

  Real ScalarOf(const Node& leaf) const {
    if constexpr (std::is_same_v<Real, float>) {
      return std::bit_cast<float>(leaf.payload);
    } else {
      return values_[leaf.payload];
    }
  }

  void PredictBlock(const float* rows, size_t count, Real* sums) const {
    const size_t classes = trees_.classes;
    for (size_t i = 0; i < count * classes; ++i) sums[i] = is_scaled_ ? Real{0} : base_scores_[i % classes];
    if (trees_.has_categories) {
      AddTrees<true>(rows, count, sums);
    } else {
      AddTrees<false>(rows, count, sums);
    }
    for (size_t row = 0; row < count; ++row) {
      Real* const of_row = sums + (row * classes);
      for (size_t i = 0; is_scaled_ && i < classes; ++i) of_row[i] = (of_row[i] * scales_[i]) + base_scores_[i];
      postprocessor_.Apply(of_row, classes);
    }
  }

  template <bool kHasCategories>
  void AddTrees(const float* rows, size_t count, Real* sums) const {
    if (count < kLanes) {
      for (size_t row = 0; row < count; ++row) {
        AddTreesOfRow<kHasCategories>(rows + (row * trees_.features), sums + (row * trees_.classes));
      }
      return;
    }
    for (const Tree& tree : trees_.trees) {
      for (size_t first = 0; first < count; first += kLanes) {
        Rows lanes;
        for (size_t i = 0; i < kLanes; ++i) lanes[i] = rows + (std::min(first + i, count - 1) * trees_.features);
        Lanes at;
        at.fill(tree.root);
        Walk<kHasCategories>(trees_, lanes, tree.depth, at);
        const size_t used = std::min(kLanes, count - first);
        for (size_t i = 0; i < used; ++i) AddLeaf(tree, at[i], sums + ((first + i) * trees_.classes));
      }
    }
  }

  // The lanes are trees.
  template <bool kHasCategories>
  void AddTreesOfRow(const float* row, Real* sums) const {
    Rows lanes;
    lanes.fill(row);
    for (size_t first = 0; first < trees_.trees.size(); first += kLanes) {
      const size_t used = std::min(kLanes, trees_.trees.size() - first);
      const Tree* const trees = &trees_.trees[first];
      Lanes at;
      uint32_t depth = 0;
      for (size_t i = 0; i < kLanes; ++i) {
        at[i] = trees[std::min(i, used - 1)].root;
        depth = std::max(depth, trees[std::min(i, used - 1)].depth);
      }
      Walk<kHasCategories>(trees_, lanes, depth, at);
      for (size_t i = 0; i < used; ++i) AddLeaf(trees[i], at[i], sums);
    }
  }

  void AddLeaf(const Tree& tree, uint32_t leaf, Real* sums) const {
    const Node& node = trees_.nodes[leaf];
    if (!trees_.has_vectors) {
      sums[tree.class_id] += ScalarOf(node);
      return;
    }
    const Real* const values = &values_[node.payload * trees_.classes];
    for (size_t i = 0; i < trees_.classes; ++i) sums[i] += values[i];
  }

  Trees trees_;
  const Postprocessor<Real> postprocessor_;
  std::vector<Real> base_scores_;
  std::vector<Real> values_;  // of leaves, where they are not in the nodes
  const bool is_scaled_;
  std::vector<Real> scales_;  // of each class, if they are
  size_t block_ = kLanes;
};

template <typename Real>
Result<std::unique_ptr<const Forest>> Make(const Checkpoint& model) {
  NESO_ASSIGN_OR_RETURN(const Postprocessor<Real> postprocessor, Postprocessor<Real>::Find(model));
  std::vector<LeafOrigin> leaves;
  NESO_ASSIGN_OR_RETURN(Trees trees, MakeTrees(model, leaves));
  return std::unique_ptr<const Forest>(
      std::make_unique<ForestOf<Real>>(model, std::move(trees), leaves, postprocessor));
}

}  // namespace

Result<std::unique_ptr<const Forest>> MakeForest(const Checkpoint& model) {
  return model.is_double ? Make<double>(model) : Make<float>(model);
}

}  // namespace neso::fil
