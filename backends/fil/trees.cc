#include "trees.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace neso::fil {
namespace {

using backend::Result;
using backend::Status;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNoNumber = std::numeric_limits<float>::quiet_NaN();
// Categories are numbers that a float tells apart; a larger one is no row's.
constexpr uint32_t kMaxCategory = uint32_t{1} << 24;
constexpr size_t kBits = 32;

// What a node of the checkpoint becomes, and where.
struct Place {
  size_t from = 0;
  uint32_t to = 0;
  uint32_t depth = 0;
};

class TreeMaker {
 public:
  TreeMaker(const CheckpointTree& source, size_t index, Trees& trees, std::vector<LeafOrigin>& leaves)
      : source_(source), index_(index), trees_(trees), leaves_(leaves) {}

  // Depth first, so that a walk's next node is near.
  Tree Make(uint32_t class_id) {
    Tree tree{.root = Append(1), .class_id = class_id};
    std::vector<Place> open = {{.from = 0, .to = tree.root}};
    while (!open.empty()) {
      const Place place = open.back();
      open.pop_back();
      tree.depth = std::max(tree.depth, place.depth);
      if (!trees_.covers.empty()) trees_.covers[place.to] = Cover(place.from);
      if (source_.is_leaf(place.from)) {
        MakeLeaf(place);
        continue;
      }
      const auto [left, right] = MakeSplit(place);
      const uint32_t children = trees_.nodes[place.to].left;
      open.push_back({.from = right, .to = children + 1, .depth = place.depth + 1});
      open.push_back({.from = left, .to = children, .depth = place.depth + 1});
    }
    return tree;
  }

 private:
  uint32_t Append(size_t count) {
    const auto first = static_cast<uint32_t>(trees_.nodes.size());
    trees_.nodes.resize(trees_.nodes.size() + count);
    if (!trees_.covers.empty()) trees_.covers.resize(trees_.nodes.size());
    return first;
  }

  double Cover(size_t node) const {
    return source_.weights.empty() ? static_cast<double>(source_.row_counts[node]) : source_.weights[node];
  }

  void MakeLeaf(const Place& place) {
    trees_.nodes[place.to] = {.threshold = kNoNumber,
                              .feature = Node::kDefaultLeft,
                              .left = place.to,
                              .payload = static_cast<uint32_t>(leaves_.size())};
    leaves_.push_back({.tree = index_, .node = place.from});
  }

  // Its children in the checkpoint, left and right.
  std::pair<size_t, size_t> MakeSplit(const Place& place) {
    auto left = static_cast<size_t>(source_.left[place.from]);
    auto right = static_cast<size_t>(source_.right[place.from]);
    bool default_left = source_.default_left[place.from] != 0;
    Node node{.feature = static_cast<uint32_t>(source_.features[place.from])};
    if (source_.is_categorical(place.from)) {
      node.feature |= Node::kCategorical;
      node.payload = MakeSet(place.from);
    } else {
      // "x > t: left" is "x <= t: right".
      const auto comparison = static_cast<Comparison>(source_.comparisons[place.from]);
      const bool swapped = comparison == Comparison::kGreater || comparison == Comparison::kGreaterOrEqual;
      const bool below = comparison == Comparison::kLess || comparison == Comparison::kGreaterOrEqual;
      const double threshold = source_.thresholds[place.from];
      node.threshold = below ? ThresholdBelow(threshold) : ThresholdAtMost(threshold);
      if (swapped) {
        std::swap(left, right);
        default_left = !default_left;
      }
    }
    if (default_left) node.feature |= Node::kDefaultLeft;
    node.left = Append(2);
    trees_.nodes[place.to] = node;
    return {left, right};
  }

  uint32_t MakeSet(size_t node) {
    std::vector<uint32_t> list;
    for (uint64_t i = source_.categories_begin[node]; i < source_.categories_end[node]; ++i) {
      if (const uint32_t category = source_.categories[i]; category <= kMaxCategory) list.push_back(category);
    }
    std::ranges::sort(list);
    CategorySet set{.begin = trees_.categories.size(), .goes_right = source_.categories_go_right[node] != 0};
    const size_t words = list.empty() ? 0 : (list.back() / kBits) + 1;
    // A bit for each, unless there are a few large numbers.
    set.is_list = words > list.size() + 8;
    set.size = set.is_list ? list.size() : words;
    trees_.categories.resize(set.begin + set.size);
    for (size_t i = 0; i < list.size(); ++i) {
      if (set.is_list) {
        trees_.categories[set.begin + i] = list[i];
      } else {
        trees_.categories[set.begin + (list[i] / kBits)] |= uint32_t{1} << (list[i] % kBits);
      }
    }
    trees_.sets.push_back(set);
    trees_.has_categories = true;
    return static_cast<uint32_t>(trees_.sets.size() - 1);
  }

  const CheckpointTree& source_;
  const size_t index_;
  Trees& trees_;
  std::vector<LeafOrigin>& leaves_;
};

bool Contains(const Trees& trees, const CategorySet& set, float value) {
  if (!(value >= 0) || value > static_cast<float>(kMaxCategory)) return false;
  const auto category = static_cast<uint32_t>(value);
  const uint32_t* const begin = trees.categories.data() + set.begin;
  if (set.is_list) return std::binary_search(begin, begin + set.size, category);
  return category / kBits < set.size && (begin[category / kBits] >> (category % kBits) & 1) != 0;
}

}  // namespace

float ThresholdBelow(double threshold) {
  if (std::isnan(threshold)) return -kInfinity;  // nothing is below it
  const auto rounded = static_cast<float>(threshold);
  return static_cast<double>(rounded) >= threshold ? rounded : std::nextafter(rounded, kInfinity);
}

float ThresholdAtMost(double threshold) {
  if (std::isnan(threshold)) return -kInfinity;
  auto rounded = static_cast<float>(threshold);
  if (static_cast<double>(rounded) > threshold) rounded = std::nextafter(rounded, -kInfinity);
  return rounded == kInfinity ? kNoNumber : std::nextafter(rounded, kInfinity);
}

uint32_t Trees::Next(uint32_t node, const float* row) const {
  const Node& at = nodes[node];
  const float value = row[at.feature & Node::kFeature];
  const bool default_left = (at.feature & Node::kDefaultLeft) != 0;
  if (std::isnan(value)) return at.left + (default_left ? 0 : 1);
  if ((at.feature & Node::kCategorical) == 0) return at.left + (value >= at.threshold ? 1 : 0);
  const CategorySet& set = sets[at.payload];
  return at.left + (Contains(*this, set, value) == set.goes_right ? 1 : 0);
}

Result<Trees> MakeTrees(const Checkpoint& model, std::vector<LeafOrigin>& leaves) {
  size_t count = 0;
  bool has_covers = true;
  for (const CheckpointTree& tree : model.trees) {
    count += tree.types.size();
    has_covers = has_covers && !(tree.weights.empty() && tree.row_counts.empty());
  }
  if (count > std::numeric_limits<uint32_t>::max()) {
    return Status::InvalidArg("expected at most ", std::numeric_limits<uint32_t>::max(), " nodes, got ", count);
  }
  Trees trees{.features = model.features, .classes = model.classes, .has_vectors = model.has_vectors};
  trees.nodes.reserve(count);
  if (has_covers) trees.covers.reserve(count);
  for (size_t i = 0; i < model.trees.size(); ++i) {
    if (has_covers) trees.covers.resize(trees.nodes.size() + 1);  // not empty, which says that there are some
    trees.trees.push_back(TreeMaker(model.trees[i], i, trees, leaves).Make(model.class_of[i]));
  }
  return trees;
}

}  // namespace neso::fil
