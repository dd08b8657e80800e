// What a model's parameters say to the DALI backend. Source: docs/backends/dali.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "neso/backend/parameters.h"

namespace neso::dali {

struct Options {
  int64_t num_threads = -1;  // -1: as many as the pipeline says, but no more than there are processors
  // No photo has as many; three bytes each are 400 MB.
  int64_t max_image_pixels = int64_t{1} << 27;
  std::vector<std::string> split_outputs;  // whose outer dimension becomes part of the batch

  bool Splits(std::string_view output) const;
};

// Errors: INVALID_ARG for a value that is none.
backend::Result<Options> ReadOptions(const backend::Parameters& parameters);

// How many threads a pipeline of the model gets that itself asks for `in_pipeline` (0: it does not say).
int64_t ThreadsFor(const Options& options, int64_t in_pipeline, size_t processors);

}  // namespace neso::dali
