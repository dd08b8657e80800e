// Engines for tests: what they take and give.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "description.h"

namespace neso::tensorrt {

inline EngineTensor TensorOf(std::string name, std::vector<int64_t> shape,
                             backend::DataType datatype = TRITONSERVER_TYPE_FP32) {
  EngineTensor tensor;
  tensor.name = tensor.engine_name = std::move(name);
  tensor.shape = std::move(shape);
  tensor.datatype = datatype;
  return tensor;
}

// x [-1,3] -> y [-1,3], in batches from 1 to 8, best at 4; with a second profile, from 8 to 32, best at 16.
inline EngineDescription TwoProfiles() {
  EngineDescription engine;
  engine.inputs.push_back(TensorOf("x", {-1, 3}));
  engine.outputs.push_back(TensorOf("y", {-1, 3}));
  engine.inputs[0].dims = {{{1, 3}, {4, 3}, {8, 3}}, {{8, 3}, {16, 3}, {32, 3}}};
  engine.profile_count = 2;
  return engine;
}

}  // namespace neso::tensorrt
