// What the server says of the model that is measured, and what it has counted so far.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "perf/options.h"
#include "perf/tensor.h"

namespace neso::perf {

class Transport;

struct ModelFacts {
  bool batches = false;        // tensors have a batch as their first dimension
  bool has_sequences = false;  // requests belong to sequences
  bool has_cache = false;      // answers come from the response cache
  bool is_decoupled = false;   // any number of answers come to a request
  std::vector<TensorFacts> inputs, outputs;
};

// Errors: the server's own text; kInvalidArg for a batch that the model does not take.
Expected<ModelFacts> AskModel(Transport& transport, const Options& options);

// Sums of nanoseconds and counts since the model was loaded.
struct ServerCounts {
  struct Part {
    uint64_t count = 0, ns = 0;
  };
  uint64_t inferences = 0, executions = 0;
  Part success, queue, compute_input, compute_infer, compute_output, cache_hit, cache_miss;

  ServerCounts operator-(const ServerCounts& before) const;
  ServerCounts& operator+=(const ServerCounts& other);
};
// Errors: the server's own text; kInternal "missing statistics for requested model".
Expected<ServerCounts> AskCounts(Transport& transport, const Options& options);

}  // namespace neso::perf
