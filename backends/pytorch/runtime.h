// What PyTorch is told once, for the whole process.
#pragma once

#include <string>

#include "neso/backend/model.h"
#include "neso/backend/status.h"

namespace neso::pytorch {

// When the backend is loaded, before any model. Opens PyTorch's CUDA library where there is one.
backend::Status InitializeRuntime(const backend::Backend& backend);

// Errors: UNSUPPORTED, saying what is missing, when no model can run on a GPU.
backend::Status CheckGpu();

// Opens a library of operators, which registers them; looked for in `version_path` first. It stays until the process ends.
backend::Status LoadOperators(const std::string& file, const std::string& version_path);

}  // namespace neso::pytorch
