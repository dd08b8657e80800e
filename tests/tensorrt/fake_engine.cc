#include "fake_engine.h"

#include <algorithm>
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

}  // namespace

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
