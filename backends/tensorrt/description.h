// What an engine takes and gives, free of TensorRT's headers.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "neso/backend/datatype.h"

namespace neso::tensorrt {

// What one optimisation profile allows: of dims, or of the values of a shape tensor. All three have the same length.
struct Range {
  std::vector<int64_t> min, opt, max;
};

struct EngineTensor {
  std::string name;                                        // the engine's, up to its first blank
  std::string engine_name;                                 // as the engine wants to hear it
  backend::DataType datatype = TRITONSERVER_TYPE_INVALID;  // INVALID: one that is not served
  std::vector<int64_t> shape;                              // -1 where it depends on the request
  bool is_shape_tensor = false;                            // its values are shapes, and lie in the host's memory
  int32_t vectorized_dim = -1;                             // not linear: elements of this dimension stand together
  int32_t vector_length = 1;                               // as many of them, filled up
  bool is_linear = true;
  std::vector<Range> dims;    // of inputs, by profile
  std::vector<Range> values;  // of shape tensors that are inputs, by profile

  // Bytes of a tensor of that shape.
  size_t ByteSize(std::vector<int64_t> of) const {
    if (!is_linear && vectorized_dim >= 0 && static_cast<size_t>(vectorized_dim) < of.size()) {
      int64_t& dim = of[static_cast<size_t>(vectorized_dim)];
      dim = (dim + vector_length - 1) / vector_length * vector_length;
    }
    return static_cast<size_t>(std::max<int64_t>(backend::ElementCount(of), 0)) * backend::ByteSize(datatype);
  }
};

struct EngineDescription {
  std::vector<EngineTensor> inputs;
  std::vector<EngineTensor> outputs;
  int32_t profile_count = 1;

  static const EngineTensor* Find(const std::vector<EngineTensor>& tensors, std::string_view name) {
    const auto found = std::ranges::find(tensors, name, &EngineTensor::name);
    return found == tensors.end() ? nullptr : &*found;
  }
  const EngineTensor* FindInput(std::string_view name) const { return Find(inputs, name); }
  const EngineTensor* FindOutput(std::string_view name) const { return Find(outputs, name); }

  // "a, b"
  static std::string NamesOf(const std::vector<EngineTensor>& tensors) {
    std::string names;
    for (const EngineTensor& tensor : tensors) names += (names.empty() ? "" : ", ") + tensor.name;
    return names;
  }
};

}  // namespace neso::tensorrt
