// The trees of a model as they are walked: one array of 16 bytes a node, every comparison a "<" of floats.
//
//   NESO_ASSIGN_OR_RETURN(const std::unique_ptr<const Forest> forest, MakeForest(checkpoint));
//   forest->Predict(rows, count, scores);             // [count, features] -> [count, classes]
//
// Rows are float32, so a threshold that is a double can be rounded to the float that separates the same floats. A row is summed
// up in the numbers of the model's leaves, float or double, in the order of its trees, as its makers do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "checkpoint.h"
#include "neso/backend/status.h"

namespace neso::fil {

// Children lie side by side. A leaf is its own left child, to which every row goes: walks of different depth stay in step.
struct Node {
  static constexpr uint32_t kDefaultLeft = uint32_t{1} << 31;  // of `feature`: where a missing value goes
  static constexpr uint32_t kCategorical = uint32_t{1} << 30;
  static constexpr uint32_t kFeature = kCategorical - 1;

  float threshold = 0;  // below it: left. NaN in a leaf
  uint32_t feature = 0;
  uint32_t left = 0;     // the right one is the next
  uint32_t payload = 0;  // of a leaf: its value, or where that is; of a categorical split: its set
};
static_assert(sizeof(Node) == 16);

// The categories that go to one side.
struct CategorySet {
  size_t begin = 0;  // in Trees::categories
  size_t size = 0;
  bool is_list = false;     // sorted numbers, or else a bit for each
  bool goes_right = false;  // who is in it
};

struct Tree {
  uint32_t root = 0;
  uint32_t depth = 0;
  uint32_t class_id = 0;
};

// Constant once it is made.
struct Trees {
  size_t features = 0;
  size_t classes = 0;
  bool has_vectors = false;
  bool has_categories = false;
  std::vector<Node> nodes = {};
  std::vector<Tree> trees = {};
  std::vector<double> covers =
      {};  // of each node, what part of the training set came by; empty if the model does not say
  std::vector<CategorySet> sets = {};
  std::vector<uint32_t> categories = {};

  bool IsLeaf(uint32_t node) const { return nodes[node].left == node; }
  // Which of its children the row goes to; a leaf answers itself.
  uint32_t Next(uint32_t node, const float* row) const;
};

// Thread-safe.
class Forest {
 public:
  virtual ~Forest() = default;
  virtual const Trees& trees() const = 0;
  // What a leaf adds to a class's sum.
  virtual double Value(const Tree& tree, uint32_t leaf, size_t class_id) const = 0;
  virtual double base_score(size_t class_id) const = 0;
  // By what the sum of the trees is multiplied, before the base score is added.
  virtual double scale(size_t class_id) const = 0;
  // Predictions of `count` rows, [count, classes], as the model's postprocessor makes them of the sums.
  virtual void Predict(const float* rows, size_t count, float* scores) const = 0;
  // How many nodes a row visits at most.
  size_t steps() const {
    size_t sum = 0;
    for (const Tree& tree : trees().trees) sum += tree.depth + 1;
    return sum;
  }
};

// Errors: UNSUPPORTED for a postprocessor that is not known, INVALID_ARG for more nodes than can be numbered.
backend::Result<std::unique_ptr<const Forest>> MakeForest(const Checkpoint& model);

}  // namespace neso::fil
