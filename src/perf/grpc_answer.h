// The outputs that a gRPC answer brings.
#pragma once

#include <string_view>
#include <vector>

#include "base/status.h"
#include "perf/tensor.h"

namespace neso::perf {

// Of a ModelInferResponse. Errors: kInternal when it is none; kUnsupported when tensors are not in their raw form.
Expected<std::vector<Tensor>> ReadGrpcOutputs(std::string_view response);

}  // namespace neso::perf
