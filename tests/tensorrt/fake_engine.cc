#include "fake_engine.h"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <sstream>

namespace fake {
namespace {

Shape ParseShape(const std::string& text) {
  Shape shape;
  std::istringstream numbers(text == "scalar" ? "" : text);
  for (std::string number; std::getline(numbers, number, ',');) shape.push_back(std::atoll(number.c_str()));
  return shape;
}

Tensor ParseTensor(std::istringstream& words, bool is_input) {
  Tensor tensor;
  tensor.is_input = is_input;
  std::string shape;
  words >> tensor.name >> tensor.type >> shape;
  tensor.shape = ParseShape(shape);
  for (std::string word; words >> word;) {
    if (word == "shape") {
      tensor.is_shape_tensor = true;
    } else if (word.starts_with("vector:")) {
      tensor.vectorized_dim = word[7] - '0';
      tensor.vector_length = std::atoi(word.c_str() + 9);
    } else if (!is_input && tensor.operation.empty()) {
      tensor.operation = word;
    } else {
      tensor.arguments.push_back(word);
    }
  }
  return tensor;
}

bool IsTensorCoherent(const EngineText& engine, const Tensor& tensor) {
  static constexpr auto kTypes = {"FP32", "FP16", "BF16", "INT8", "UINT8", "BOOL", "INT32", "INT64", "FP8"};
  static const std::map<std::string, size_t> operations = {{"copy", 1},  {"add", 2},  {"scale", 2}, {"fill", 2},
                                                           {"above", 2}, {"fail", 1}, {"values", 1}};
  const bool is_vector = tensor.vectorized_dim >= 0;
  if (tensor.name.empty() || engine.Find(tensor.name) != &tensor || tensor.shape.size() > 8) return false;
  if (std::ranges::find(kTypes, tensor.type) == kTypes.end()) return false;
  if (!std::ranges::all_of(tensor.shape, [](int64_t dim) { return dim >= -1 && dim <= 1 << 30; })) return false;
  if (is_vector && (static_cast<size_t>(tensor.vectorized_dim) >= tensor.shape.size() || tensor.vector_length < 1))
    return false;
  if (tensor.is_input) return true;
  const auto operation = operations.find(tensor.operation);
  if (operation == operations.end() || tensor.arguments.size() != operation->second) return false;
  // Numbers come last.
  const size_t inputs = tensor.operation == "add" ? 2 : 1;
  return std::all_of(tensor.arguments.begin(), tensor.arguments.begin() + static_cast<std::ptrdiff_t>(inputs),
                     [&](const std::string& name) {
                       const Tensor* const input = engine.Find(name);
                       return input != nullptr && input->is_input &&
                              (tensor.operation == "fill" || tensor.operation == "values" ||
                               (input->type == tensor.type && input->shape == tensor.shape) ||
                               tensor.operation == "above" || tensor.operation == "fail");
                     });
}

bool IsRange(const Range& range) {
  const size_t rank = range.min.size();
  if (range.opt.size() != rank || range.max.size() != rank) return false;
  for (size_t i = 0; i < rank; ++i) {
    if (range.min[i] > range.opt[i] || range.opt[i] > range.max[i] || range.min[i] < 0) return false;
  }
  return true;
}

bool IsProfileCoherent(const EngineText& engine, int profile, const std::string& name, const Range& range) {
  const Tensor* const tensor = engine.Find(name);
  if (tensor == nullptr || !tensor->is_input || profile < 0 || !IsRange(range) ||
      range.min.size() != tensor->shape.size())
    return false;
  for (size_t i = 0; i < tensor->shape.size(); ++i) {
    const int64_t dim = tensor->shape[i];
    if (dim >= 0 && (range.min[i] != dim || range.max[i] != dim)) return false;
  }
  return true;
}

}  // namespace

bool EngineText::IsCoherent() const {
  if (tensors.empty() || profile_count > 16) return false;
  if (!std::ranges::all_of(tensors, [this](const Tensor& tensor) { return IsTensorCoherent(*this, tensor); }))
    return false;
  for (const auto& [where, range] : dims) {
    if (!IsProfileCoherent(*this, where.first, where.second, range)) return false;
  }
  for (const auto& [where, range] : values) {
    const Tensor* const tensor = Find(where.second);
    if (where.first < 0 || tensor == nullptr || !tensor->is_shape_tensor || !IsRange(range)) return false;
  }
  return std::ranges::all_of(tensors, [this](const Tensor& tensor) {
    if (!tensor.is_input || std::ranges::find(tensor.shape, -1) == tensor.shape.end()) return true;
    for (int profile = 0; profile < profile_count; ++profile) {
      if (!dims.contains({profile, tensor.name})) return false;
    }
    return true;
  });
}

std::optional<EngineText> EngineText::Parse(const std::string& text) {
  std::istringstream lines(text);
  std::string line;
  if (!std::getline(lines, line) || line != "fake-engine") return std::nullopt;
  EngineText engine;
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::string kind;
    words >> kind;
    if (kind == "input" || kind == "output") {
      engine.tensors.push_back(ParseTensor(words, kind == "input"));
    } else if (kind == "profile" || kind == "values") {
      int index = 0;
      std::string name, min, opt, max;
      words >> index >> name >> min >> opt >> max;
      engine.profile_count = std::max(engine.profile_count, index + 1);
      (kind == "profile" ? engine.dims : engine.values)[{index, name}] = {ParseShape(min), ParseShape(opt),
                                                                          ParseShape(max)};
    } else if (kind == "version-compatible") {
      engine.is_version_compatible = true;
    } else if (!kind.empty()) {
      return std::nullopt;
    }
  }
  return engine;
}

const Tensor* EngineText::Find(std::string_view name) const {
  const auto found = std::ranges::find(tensors, name, &Tensor::name);
  return found == tensors.end() ? nullptr : &*found;
}

size_t ByteSizeOf(std::string_view type) {
  if (type == "INT64" || type == "FP64") return 8;
  if (type == "FP16" || type == "BF16") return 2;
  return type == "INT8" || type == "UINT8" || type == "BOOL" || type == "FP8" ? 1 : 4;
}

int64_t CountOf(const Shape& shape) {
  int64_t count = 1;
  for (const int64_t dim : shape) count *= dim;
  return count;
}

}  // namespace fake
