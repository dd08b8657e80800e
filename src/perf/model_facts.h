// What the server says of the model that is measured, and what it has counted so far. Over HTTP.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "client/http_client.h"
#include "perf/options.h"
#include "perf/tensor.h"

namespace neso::perf {

struct ModelFacts {
  bool batches = false;        // tensors have a batch as their first dimension
  bool has_sequences = false;  // requests belong to sequences
  bool has_cache = false;      // answers come from the response cache
  std::vector<TensorFacts> inputs, outputs;
};

// Errors: the server's own text; kInvalidArg for a batch that the model does not take.
Expected<ModelFacts> AskModel(client::HttpClient& client, const Options& options);

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
Expected<ServerCounts> AskCounts(client::HttpClient& client, const Options& options);

// "/v2/models/NAME[/versions/VERSION]"
std::string ModelPath(const Options& options);

}  // namespace neso::perf
