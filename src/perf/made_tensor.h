// Tensors whose values are made up: zeros, or random ones.
#pragma once

#include <random>
#include <string>

#include "perf/options.h"
#include "perf/tensor.h"

namespace neso::perf {

// Errors: kInvalidArg for a datatype whose values cannot be made up or a shape with a part that is not known,
// kUnsupported for more bytes than fit.
Expected<Tensor> MakeTensor(const TensorFacts& facts, const Options& options, std::mt19937& random);

}  // namespace neso::perf
