// What the stand-in for TensorRT reads instead of an engine: lines of text, in which numbers of a list have ',' between them.
//
//   fake-engine
//   input x FP32 -1,3                  or "scalar"; after it "shape" for a shape tensor, "vector:1:4" for a format that is not linear
//   output y FP32 -1,3 add x x         operations: see fake_nvinfer.cc
//   profile 0 x 1,3 4,3 8,3            what the profile allows of a shape: min, opt, max
//   values 0 s 1,1 4,4 8,8             likewise of a shape tensor's values
//   version-compatible                 only to be had if host code is allowed
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fake {

using Shape = std::vector<int64_t>;

struct Tensor {
  std::string name;
  std::string type;
  Shape shape;
  bool is_input = false;
  bool is_shape_tensor = false;
  int vectorized_dim = -1;
  int vector_length = 1;
  std::string operation;
  std::vector<std::string> arguments;
};

struct Range {
  Shape min, opt, max;
};

struct EngineText {
  std::vector<Tensor> tensors;
  std::map<std::pair<int, std::string>, Range> dims, values;
  int profile_count = 1;
  bool is_version_compatible = false;

  const Tensor* Find(std::string_view name) const;
  // Whether its parts fit each other, as a builder makes them and the checks of the real library make sure.
  bool IsCoherent() const;
  // Nothing if it is none.
  static std::optional<EngineText> Parse(const std::string& text);
};

size_t ByteSizeOf(std::string_view type);
int64_t CountOf(const Shape& shape);

}  // namespace fake
