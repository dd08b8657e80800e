// What a server has counted of a model so far, and of those that it is composed of.
#pragma once

#include <cstdint>
#include <string>
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
  std::string version = {};             // of one of `versions`
  std::vector<ServerCounts> versions =
      {};  // those that the sums above are of, as the server told them; none in a difference

  // Both are of the same model; a sum may begin with {}. Versions that have left meanwhile do not count, and those that
  // are new, or were loaded anew, count from 0.
  ServerCounts operator-(const ServerCounts& before) const;
  ServerCounts& operator+=(const ServerCounts& other);
};

// Errors: the server's own text; kInternal "missing statistics for requested model".
Expected<ServerCounts> AskCounts(Transport& transport, const Options& options, const ModelFacts& facts);

}  // namespace neso::perf
