// Whether an error's text speaks of memory or disk having run out: SageMaker then expects status 507, upon which it
// unloads another model and tries again.
#pragma once

#include <string_view>

namespace neso {

// The words are those of CUDA, cuDNN, cuBLAS, TensorFlow, PyTorch and Python; frameworks report in no other way.
bool TellsOfLackOfMemory(std::string_view message);

}  // namespace neso
