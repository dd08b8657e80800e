// What a server has counted of a model so far, and of those that it is composed of.
#pragma once

#include <cstdint>
#include <vector>

#include "base/status.h"
#include "perf/model_facts.h"

namespace neso::perf {

class Transport;

// Sums of nanoseconds and counts since the model was loaded.
struct ServerCounts {
  struct Part {
    uint64_t count = 0, ns = 0;
  };
  uint64_t inferences = 0, executions = 0;
  Part success, queue, compute_input, compute_infer, compute_output, cache_hit, cache_miss;
  std::vector<ServerCounts> composing;  // in the order of the model's facts

  // Both are of the same model; a sum may begin with {}.
  ServerCounts operator-(const ServerCounts& before) const;
  ServerCounts& operator+=(const ServerCounts& other);
};

// Errors: the server's own text; kInternal "missing statistics for requested model".
Expected<ServerCounts> AskCounts(Transport& transport, const Options& options, const ModelFacts& facts);

}  // namespace neso::perf
