// Checkpoints for tests, node by node.
//
//   WrittenModel model{.features = 2, .trees = {{Split(0, 0.5, 1, 2), Leaf(1), Leaf(2)}}};
//   ParseCheckpoint(Write(model));
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace neso::fil {

struct WrittenNode {
  int8_t type = 0;
  int32_t left = -1, right = -1;
  int32_t feature = -1;
  bool default_left = false;
  double value = 0;  // of a leaf
  double threshold = 0;
  int8_t comparison = 2;  // <
  bool categories_go_right = false;
  std::vector<uint32_t> categories = {};
  std::vector<double> vector = {};  // of a leaf
  double weight = 1;
};

struct WrittenModel {
  int32_t version = 4;
  bool is_double = false;
  int32_t features = 1;
  bool average = false;
  int32_t targets = 1;
  int32_t classes = 1;
  bool has_vectors = false;
  std::vector<int32_t> class_ids = {};  // 0 for each tree, if they are left out
  std::string postprocessor = "identity";
  float sigmoid_alpha = 1;
  float ratio_c = 1;
  std::vector<double> base_scores = {0};
  std::vector<std::vector<WrittenNode>> trees = {};
  bool has_weights = true;
};

inline WrittenNode Leaf(double value, double weight = 1) { return {.value = value, .weight = weight}; }
inline WrittenNode VectorLeaf(std::vector<double> values) { return {.vector = std::move(values)}; }
inline WrittenNode Split(int32_t feature, double threshold, int32_t left, int32_t right, double weight = 1) {
  return {.type = 1, .left = left, .right = right, .feature = feature, .threshold = threshold, .weight = weight};
}
inline WrittenNode CategoricalSplit(int32_t feature, std::vector<uint32_t> categories, int32_t left, int32_t right) {
  return {.type = 2, .left = left, .right = right, .feature = feature, .categories = std::move(categories)};
}

class CheckpointWriter {
 public:
  std::vector<std::byte> Write(const WrittenModel& model) {
    for (const int32_t number : {model.version, 8, 1}) Scalar(number);
    const uint8_t type = model.is_double ? 3 : 2;
    Scalar(type);
    Scalar(type);
    Scalar(uint64_t{model.trees.size()});
    Scalar(model.features);
    Scalar(uint8_t{1});
    Scalar(uint8_t{model.average});
    Scalar(model.targets);
    Numbers(std::vector<int32_t>{model.classes});
    Numbers(std::vector<int32_t>{1, model.has_vectors ? model.classes : 1});
    const std::vector<int32_t> zeros(model.trees.size(), model.has_vectors ? -1 : 0);
    Numbers(zeros);
    Numbers(model.class_ids.empty() ? zeros : model.class_ids);
    Text(model.postprocessor);
    Scalar(model.sigmoid_alpha);
    Scalar(model.ratio_c);
    Numbers(model.base_scores);
    Text("{}");
    Scalar(int32_t{0});
    for (const std::vector<WrittenNode>& tree : model.trees) WriteTree(tree, model);
    return bytes_;
  }

 private:
  template <typename Number>
  void Scalar(Number number) {
    const auto* const begin = reinterpret_cast<const std::byte*>(&number);
    bytes_.insert(bytes_.end(), begin, begin + sizeof(number));
  }
  template <typename Number>
  void Numbers(const std::vector<Number>& numbers) {
    Scalar(uint64_t{numbers.size()});
    for (const Number number : numbers) Scalar(number);
  }
  void Reals(const std::vector<double>& numbers, bool is_double) {
    if (is_double) return Numbers(numbers);
    Numbers(std::vector<float>(numbers.begin(), numbers.end()));
  }
  void Text(std::string_view text) {
    Scalar(uint64_t{text.size()});
    for (const char c : text) Scalar(c);
  }

  template <typename Number, typename Get>
  void Column(const std::vector<WrittenNode>& tree, const Get& get) {
    std::vector<Number> numbers;
    for (const WrittenNode& node : tree) numbers.push_back(static_cast<Number>(get(node)));
    Numbers(numbers);
  }
  template <typename Get>
  void RealColumn(const std::vector<WrittenNode>& tree, bool is_double, const Get& get) {
    std::vector<double> numbers;
    for (const WrittenNode& node : tree) numbers.push_back(get(node));
    Reals(numbers, is_double);
  }

  // All nodes' lists, or where each begins and ends.
  template <typename List>
  static auto Join(const std::vector<WrittenNode>& tree, List WrittenNode::*list, std::vector<uint64_t>& begins,
                   std::vector<uint64_t>& ends) {
    List all;
    for (const WrittenNode& node : tree) {
      begins.push_back(all.size());
      all.insert(all.end(), (node.*list).begin(), (node.*list).end());
      ends.push_back(all.size());
    }
    return all;
  }

  void WriteTree(const std::vector<WrittenNode>& tree, const WrittenModel& model) {
    Scalar(static_cast<int32_t>(tree.size()));
    Scalar(uint8_t{0});
    Column<int8_t>(tree, [](const auto& node) { return node.type; });
    Column<int32_t>(tree, [](const auto& node) { return node.left; });
    Column<int32_t>(tree, [](const auto& node) { return node.right; });
    Column<int32_t>(tree, [](const auto& node) { return node.feature; });
    Column<uint8_t>(tree, [](const auto& node) { return node.default_left; });
    RealColumn(tree, model.is_double, [](const auto& node) { return node.value; });
    RealColumn(tree, model.is_double, [](const auto& node) { return node.threshold; });
    Column<int8_t>(tree, [](const auto& node) { return node.comparison; });
    Column<uint8_t>(tree, [](const auto& node) { return node.categories_go_right; });
    std::vector<uint64_t> begins;
    std::vector<uint64_t> ends;
    Reals(Join(tree, &WrittenNode::vector, begins, ends), model.is_double);
    Numbers(begins);
    Numbers(ends);
    begins.clear();
    ends.clear();
    Numbers(Join(tree, &WrittenNode::categories, begins, ends));
    Numbers(begins);
    Numbers(ends);
    Numbers(std::vector<uint64_t>());
    Numbers(std::vector<uint8_t>());
    Column<double>(tree, [](const auto& node) { return node.weight; });
    Column<uint8_t>(tree, [&](const auto&) { return model.has_weights; });
    Numbers(std::vector<double>());
    Numbers(std::vector<uint8_t>());
    Scalar(int32_t{0});
    Scalar(int32_t{0});
  }

  std::vector<std::byte> bytes_;
};

inline std::vector<std::byte> Write(const WrittenModel& model) { return CheckpointWriter().Write(model); }

}  // namespace neso::fil
