// What the requests of a run bring: made up, or read from files and folders (--input-data).
//
//   ASSIGN_OR_RETURN(const std::vector<Stream> streams, MakeInputData(facts, options));
//   ASSIGN_OR_RETURN(const std::vector<TensorSet> requests, BatchRequests(streams, facts, options));
#pragma once

#include <vector>

#include "perf/input_json.h"

namespace neso::perf {

// At least one stream, and a step in each. Errors: kInvalidArg with the file and what was expected in it.
Expected<std::vector<Stream>> MakeInputData(const ModelFacts& facts, const Options& options);

// The requests that take turns: each brings as many consecutive steps as its batch has, and their shapes begin with the
// batch if the model's do. Streams follow each other. Error: kInvalidArg when steps of a batch differ in their shapes.
Expected<std::vector<TensorSet>> BatchRequests(const std::vector<Stream>& streams, const ModelFacts& facts,
                                               const Options& options);

}  // namespace neso::perf
