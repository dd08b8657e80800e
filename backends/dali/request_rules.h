// What a request must be, whatever the others of its batch are.
#pragma once

#include <cstddef>

#include "description.h"
#include "errors.h"
#include "neso/backend/request.h"

namespace neso::dali {

// Gives its number of samples: the first dimension of every input.
Result<size_t> CheckRequest(const backend::Request& request, const PipelineDescription& pipeline);

}  // namespace neso::dali
