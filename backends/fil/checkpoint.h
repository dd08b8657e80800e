// A model as treelite writes it: the checkpoint of its version 4, taken apart and checked, without copying its arrays.
//
//   NESO_ASSIGN_OR_RETURN(const Checkpoint model, ParseCheckpoint(bytes));
//   for (const CheckpointTree& tree : model.trees) ... tree.left[0] ...
//
// Source: treelite's "Treelite Serialization Format v4", and what its version 4.8 writes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "neso/backend/status.h"

namespace neso::fil {

// Numbers as they lie in the file, aligned to nothing.
template <typename Number>
class Array {
 public:
  Array() = default;
  Array(const std::byte* data, size_t size) : data_(data), size_(size) {}

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  Number operator[](size_t index) const {
    Number number;
    std::memcpy(&number, data_ + (index * sizeof(Number)), sizeof(Number));
    return number;
  }

 private:
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

// Likewise, of float or of double.
class RealArray {
 public:
  RealArray() = default;
  RealArray(const std::byte* data, size_t size, bool is_double)
      : floats_(data, is_double ? 0 : size), doubles_(data, is_double ? size : 0) {}

  size_t size() const { return floats_.size() + doubles_.size(); }
  double operator[](size_t index) const { return doubles_.empty() ? floats_[index] : doubles_[index]; }

 private:
  Array<float> floats_;
  Array<double> doubles_;
};

enum class NodeType : int8_t { kLeaf = 0, kNumerical = 1, kCategorical = 2 };
// A row goes to the left child if its feature compares so with the threshold.
enum class Comparison : int8_t { kLess = 2, kLessOrEqual = 3, kGreater = 4, kGreaterOrEqual = 5 };

// Each array has an element for each node, unless it says otherwise. Node 0 is the root, and every node that can be reached
// from it has one parent; the others are nobody's.
struct CheckpointTree {
  Array<int8_t> types;
  Array<int32_t> left, right;
  Array<int32_t> features;
  Array<uint8_t> default_left;  // where a missing value goes
  RealArray leaf_values;
  RealArray thresholds;
  Array<int8_t> comparisons;
  Array<uint8_t> categories_go_right;
  RealArray leaf_vectors;  // of all leaves, one after the other
  Array<uint64_t> leaf_vector_begin;
  Array<uint32_t> categories;  // of all nodes, one after the other
  Array<uint64_t> categories_begin, categories_end;
  // How many rows of the training set, or which weight of them, came by; empty if the model does not say.
  Array<uint64_t> row_counts;
  Array<double> weights;

  bool is_leaf(size_t node) const { return types[node] == static_cast<int8_t>(NodeType::kLeaf); }
  bool is_categorical(size_t node) const { return types[node] == static_cast<int8_t>(NodeType::kCategorical); }
};

struct Checkpoint {
  bool is_double = false;     // leaves and thresholds, or else they are float
  bool has_vectors = false;   // a leaf has a value for each class
  bool average = false;       // of the trees, or else their sum
  size_t features = 0;        // at least 1
  size_t classes = 0;         // values of a row; at least 1
  std::string postprocessor;  // what makes a prediction of the sums
  float sigmoid_alpha = 1;
  float ratio_c = 1;
  std::vector<double> base_scores;  // one for each class
  std::vector<uint32_t> class_of;   // one for each tree; 0 if leaves are vectors
  std::vector<CheckpointTree> trees;
};

// What is returned points into `bytes`. Errors: INVALID_ARG if they are no checkpoint, or not one that can be served;
// UNSUPPORTED for models of several targets.
backend::Result<Checkpoint> ParseCheckpoint(std::span<const std::byte> bytes);

}  // namespace neso::fil
