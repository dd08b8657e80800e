// What a pipeline says of its inputs and outputs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "neso/backend/datatype.h"

namespace neso::dali {

struct TensorDescription {
  std::string name;
  backend::DataType datatype = TRITONSERVER_TYPE_INVALID;  // INVALID: the pipeline does not say
  std::optional<int> rank;                                 // of a sample; likewise
  std::string layout;                                      // of an input's samples, "HWC"; likewise
  bool on_gpu = false;
};

struct PipelineDescription {
  int64_t max_batch_size = 0;
  std::vector<TensorDescription> inputs;  // filled by name
  std::vector<TensorDescription> outputs;
};

}  // namespace neso::dali
