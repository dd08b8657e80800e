// The request that is sent again and again, as it goes over the wire.
#pragma once

#include <string>

#include "client/endpoint.h"
#include "perf/model_facts.h"

namespace neso::perf {

struct InferBytes {
  std::string head, body;
};

// Tensors in binary, zeros or random values with a seed that is always the same.
// Errors: kInvalidArg for a datatype whose values cannot be made up, kUnsupported for more bytes than fit.
Expected<InferBytes> WriteInfer(const client::Endpoint& endpoint, const ModelFacts& facts, const Options& options);

}  // namespace neso::perf
