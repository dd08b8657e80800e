// Files of models, read as a whole.
#pragma once

#include <string>

#include "neso/backend/status.h"

namespace neso::tensorflow {

// Errors: UNAVAILABLE if there is no such file or it cannot be read, INVALID_ARG if it is no regular file or too large for
// TensorFlow, which takes 2 GiB at most.
backend::Result<std::string> ReadModelFile(const std::string& path);

}  // namespace neso::tensorflow
