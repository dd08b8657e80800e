// What the server says of the model that is measured, and what it has counted so far. Over HTTP.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "client/http_client.h"
#include "perf/options.h"

namespace neso::perf {

struct InputFacts {
  std::string name, datatype;
  std::vector<int64_t> shape;  // without the batch
};

struct ModelFacts {
  bool batches = false;  // tensors have a batch as their first dimension
  std::vector<InputFacts> inputs;
};

// Errors: the server's own text; kInvalidArg for a batch that the model does not take.
Expected<ModelFacts> AskModel(client::HttpClient& client, const Options& options);

// Sums of nanoseconds and counts since the model was loaded.
struct ServerCounts {
  struct Part {
    uint64_t count = 0, ns = 0;
  };
  uint64_t inferences = 0, executions = 0;
  Part success, queue, compute_input, compute_infer, compute_output;

  ServerCounts operator-(const ServerCounts& before) const;
};
// Errors: the server's own text; kInternal "missing statistics for requested model".
Expected<ServerCounts> AskCounts(client::HttpClient& client, const Options& options);

// "/v2/models/NAME[/versions/VERSION]"
std::string ModelPath(const Options& options);

}  // namespace neso::perf
