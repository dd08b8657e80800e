// What a model's parameters say of its execution. Source: the PyTorch backend's parameters, in docs/backends/pytorch.md.
#pragma once

#include <cstdint>
#include <optional>

#include "neso/backend/parameters.h"

namespace neso::pytorch {

struct Options {
  bool optimized_execution = true;
  bool inference_mode = true;
  bool cudnn = true;
  bool cache_cleaning = false;
  bool weight_sharing = false;
  // Switches of the whole process, left alone where the model does not say.
  std::optional<bool> jit_profiling;
  std::optional<bool> jit_executor;
  std::optional<bool> tensor_fuser;
  int64_t intra_op_threads = 0;  // of the whole process; 0: not said
  int64_t inter_op_threads = 0;
};

// Errors: INVALID_ARG for a value that is none.
backend::Result<Options> ReadOptions(const backend::Parameters& parameters);

}  // namespace neso::pytorch
