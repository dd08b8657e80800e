#include "checkpoint.h"

#include <algorithm>
#include <limits>

namespace neso::fil {
namespace {

using backend::Result;
using backend::Status;

constexpr int32_t kMajorVersion = 4;
constexpr uint8_t kFloat32 = 2;
constexpr uint8_t kFloat64 = 3;
// Bits of a number are flags, in the layout that is made of this (forest.h).
constexpr int32_t kMaxFeatures = 1 << 30;

Status Damaged(std::string_view what) { return Status::InvalidArg("the checkpoint is damaged: ", what); }

// Takes fields from the front. What is beyond the end reads as zeros, and is remembered.
class FieldReader {
 public:
  explicit FieldReader(std::span<const std::byte> bytes) : rest_(bytes) {}

  bool failed() const { return failed_; }
  bool at_end() const { return rest_.empty(); }

  template <typename Number>
  Number Scalar() {
    Number number{};
    if (const std::byte* const at = Take(1, sizeof(Number))) std::memcpy(&number, at, sizeof(Number));
    return number;
  }

  template <typename Number>
  Array<Number> Numbers() {
    const auto size = Scalar<uint64_t>();
    const std::byte* const at = Take(size, sizeof(Number));
    return at == nullptr ? Array<Number>() : Array<Number>(at, static_cast<size_t>(size));
  }

  RealArray Reals(bool is_double) {
    const auto size = Scalar<uint64_t>();
    const std::byte* const at = Take(size, is_double ? sizeof(double) : sizeof(float));
    return at == nullptr ? RealArray() : RealArray(at, static_cast<size_t>(size), is_double);
  }

  std::string Text() {
    const auto size = Scalar<uint64_t>();
    const std::byte* const at = Take(size, 1);
    return at == nullptr ? std::string() : std::string(reinterpret_cast<const char*>(at), static_cast<size_t>(size));
  }

 private:
  const std::byte* Take(uint64_t count, size_t size) {
    if (failed_ || count > rest_.size() / size) {
      failed_ = true;
      rest_ = {};
      return nullptr;
    }
    const std::byte* const at = rest_.data();
    rest_ = rest_.subspan(static_cast<size_t>(count) * size);
    return at;
  }

  std::span<const std::byte> rest_;
  bool failed_ = false;
};

// Whether all of them are there.
bool AllPresent(const Array<uint8_t>& present, size_t count) {
  if (present.size() != count) return false;
  for (size_t i = 0; i < count; ++i) {
    if (present[i] == 0) return false;
  }
  return true;
}

// One tree's node, as far as it can be judged without the others.
Status CheckNode(const CheckpointTree& tree, const Checkpoint& model, size_t node) {
  if (tree.is_leaf(node)) {
    if (!model.has_vectors) return {};
    const uint64_t begin = tree.leaf_vector_begin[node];
    if (begin > tree.leaf_vectors.size() || tree.leaf_vectors.size() - begin < model.classes) {
      return Damaged("a leaf has no value for each class");
    }
    return {};
  }
  const int32_t feature = tree.features[node];
  if (feature < 0 || static_cast<size_t>(feature) >= model.features) {
    return Damaged(backend::Concat("a node asks for feature ", feature, " of ", model.features));
  }
  if (tree.is_categorical(node)) {
    const uint64_t begin = tree.categories_begin[node];
    const uint64_t end = tree.categories_end[node];
    if (begin > end || end > tree.categories.size()) return Damaged("a node's categories are not there");
    return {};
  }
  if (tree.types[node] != static_cast<int8_t>(NodeType::kNumerical)) return Damaged("a node is of no known type");
  const int8_t comparison = tree.comparisons[node];
  if (comparison < static_cast<int8_t>(Comparison::kLess) ||
      comparison > static_cast<int8_t>(Comparison::kGreaterOrEqual)) {
    return Status::InvalidArg("expected nodes that compare by <, <=, > or >=, got comparison ", comparison);
  }
  return {};
}

// From the root down: what can be reached is whole, and is a tree.
Status CheckTree(const CheckpointTree& tree, const Checkpoint& model) {
  const size_t count = tree.types.size();
  std::vector<bool> seen(count);
  std::vector<size_t> open = {0};
  seen[0] = true;
  while (!open.empty()) {
    const size_t node = open.back();
    open.pop_back();
    NESO_RETURN_IF_ERROR(CheckNode(tree, model, node));
    if (tree.is_leaf(node)) continue;
    for (const int32_t child : {tree.left[node], tree.right[node]}) {
      if (child < 0 || static_cast<size_t>(child) >= count) return Damaged("a node's child is not there");
      if (seen[static_cast<size_t>(child)]) return Damaged("a node is the child of several, or of itself");
      seen[static_cast<size_t>(child)] = true;
      open.push_back(static_cast<size_t>(child));
    }
  }
  return {};
}

Result<CheckpointTree> ReadTree(FieldReader& reader, const Checkpoint& model) {
  CheckpointTree tree;
  const auto count = static_cast<size_t>(std::max(reader.Scalar<int32_t>(), 0));
  reader.Scalar<uint8_t>();  // whether there are categorical splits
  tree.types = reader.Numbers<int8_t>();
  tree.left = reader.Numbers<int32_t>();
  tree.right = reader.Numbers<int32_t>();
  tree.features = reader.Numbers<int32_t>();
  tree.default_left = reader.Numbers<uint8_t>();
  tree.leaf_values = reader.Reals(model.is_double);
  tree.thresholds = reader.Reals(model.is_double);
  tree.comparisons = reader.Numbers<int8_t>();
  tree.categories_go_right = reader.Numbers<uint8_t>();
  tree.leaf_vectors = reader.Reals(model.is_double);
  tree.leaf_vector_begin = reader.Numbers<uint64_t>();
  reader.Numbers<uint64_t>();  // where they end: each has a value for each class
  tree.categories = reader.Numbers<uint32_t>();
  tree.categories_begin = reader.Numbers<uint64_t>();
  tree.categories_end = reader.Numbers<uint64_t>();
  const auto row_counts = reader.Numbers<uint64_t>();
  if (AllPresent(reader.Numbers<uint8_t>(), count) && row_counts.size() == count) tree.row_counts = row_counts;
  const auto weights = reader.Numbers<double>();
  if (AllPresent(reader.Numbers<uint8_t>(), count) && weights.size() == count) tree.weights = weights;
  reader.Numbers<double>();   // the gain of each split
  reader.Numbers<uint8_t>();  // and whether it is known
  const auto more_of_tree = reader.Scalar<int32_t>();
  const auto more_of_nodes = reader.Scalar<int32_t>();
  if (reader.failed()) return Damaged("it ends within a tree");
  if (more_of_tree != 0 || more_of_nodes != 0)
    return Status::InvalidArg("the checkpoint has fields that are not known");

  for (const size_t size :
       {tree.types.size(), tree.left.size(), tree.right.size(), tree.features.size(), tree.default_left.size(),
        tree.leaf_values.size(), tree.thresholds.size(), tree.comparisons.size(), tree.categories_go_right.size(),
        tree.leaf_vector_begin.size(), tree.categories_begin.size(), tree.categories_end.size()}) {
    if (size != count || count == 0) return Damaged("an array does not have an element for each node");
  }
  NESO_RETURN_IF_ERROR(CheckTree(tree, model));
  return tree;
}

// Which class each tree speaks for.
Status ReadClasses(const Array<int32_t>& class_ids, Checkpoint& model) {
  for (size_t i = 0; i < class_ids.size(); ++i) {
    const int32_t class_id = class_ids[i];
    const bool speaks_for_all = model.has_vectors || model.classes == 1;
    if (class_id < (speaks_for_all ? -1 : 0) || class_id >= static_cast<int64_t>(model.classes)) {
      return Damaged("a tree is of a class that is not there");
    }
    model.class_of.push_back(speaks_for_all ? 0 : static_cast<uint32_t>(class_id));
  }
  return {};
}

Status CheckTypes(uint8_t thresholds, uint8_t leaves) {
  if (thresholds == leaves && (leaves == kFloat32 || leaves == kFloat64)) return {};
  return Status::InvalidArg("expected thresholds and leaves of float, or both of double, got types ",
                            static_cast<int>(thresholds), " and ", static_cast<int>(leaves));
}

}  // namespace

Result<Checkpoint> ParseCheckpoint(std::span<const std::byte> bytes) {
  FieldReader reader(bytes);
  const auto major = reader.Scalar<int32_t>();
  reader.Scalar<int32_t>();
  reader.Scalar<int32_t>();
  if (reader.failed() || major != kMajorVersion) {
    return Status::InvalidArg("expected a checkpoint of treelite ", kMajorVersion, ", got one of version ", major);
  }
  Checkpoint model;
  const auto threshold_type = reader.Scalar<uint8_t>();
  const auto leaf_type = reader.Scalar<uint8_t>();
  const auto tree_count = reader.Scalar<uint64_t>();
  const auto features = reader.Scalar<int32_t>();
  reader.Scalar<uint8_t>();  // the kind of task, which the postprocessor tells as well
  model.average = reader.Scalar<uint8_t>() != 0;
  const auto targets = reader.Scalar<int32_t>();
  const auto classes = reader.Numbers<int32_t>();
  const auto vector_shape = reader.Numbers<int32_t>();
  reader.Numbers<int32_t>();  // the target of each tree
  const auto class_ids = reader.Numbers<int32_t>();
  model.postprocessor = reader.Text();
  model.sigmoid_alpha = reader.Scalar<float>();
  model.ratio_c = reader.Scalar<float>();
  const auto base_scores = reader.Numbers<double>();
  reader.Text();  // attributes
  const auto more = reader.Scalar<int32_t>();
  if (reader.failed()) return Damaged("it ends within its head");
  NESO_RETURN_IF_ERROR(CheckTypes(threshold_type, leaf_type));
  model.is_double = leaf_type == kFloat64;
  if (targets != 1) return Status::Unsupported("Multi-target model not supported");
  if (features < 1 || features > kMaxFeatures) {
    return Status::InvalidArg("expected a model of 1 to ", kMaxFeatures, " features, got ", features);
  }
  model.features = static_cast<size_t>(features);
  if (more != 0) return Status::InvalidArg("the checkpoint has fields that are not known");
  if (classes.size() != 1 || classes[0] < 1 || base_scores.size() != static_cast<size_t>(classes[0])) {
    return Damaged("it does not have a base score for each class");
  }
  model.classes = base_scores.size();
  if (vector_shape.size() != 2 || vector_shape[0] != 1 || (vector_shape[1] != 1 && vector_shape[1] != classes[0])) {
    return Damaged("its leaves have neither one value nor one for each class");
  }
  model.has_vectors = vector_shape[1] > 1;
  for (size_t i = 0; i < base_scores.size(); ++i) model.base_scores.push_back(base_scores[i]);
  if (class_ids.size() != tree_count) return Damaged("it does not have a class for each tree");
  NESO_RETURN_IF_ERROR(ReadClasses(class_ids, model));
  for (uint64_t i = 0; i < tree_count; ++i) {
    NESO_ASSIGN_OR_RETURN(const CheckpointTree tree, ReadTree(reader, model));
    model.trees.push_back(tree);
  }
  if (!reader.at_end()) return Damaged("it goes on after its last tree");
  return model;
}

}  // namespace neso::fil
