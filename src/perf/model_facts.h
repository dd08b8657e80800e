// What the server says of the model that is measured.
#pragma once

#include <vector>

#include "base/status.h"
#include "perf/composing_models.h"
#include "perf/options.h"
#include "perf/tensor.h"

namespace neso::perf {

struct ModelFacts {
  bool batches = false;        // tensors have a batch as their first dimension
  bool has_sequences = false;  // requests belong to sequences
  bool has_cache = false;      // answers come from the response cache
  bool is_decoupled = false;   // any number of answers come to a request
  bool is_ensemble = false;
  bool has_statistics = true;  // the server counts what it did, and tells it
  std::vector<TensorFacts> inputs, outputs;
  std::vector<ComposingModel> composing;
};

// Errors: the server's own text; kInvalidArg for a batch that the model does not take.
Expected<ModelFacts> AskModel(Transport& transport, const Options& options);

}  // namespace neso::perf
