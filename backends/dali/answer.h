// From what a run gave to the responses of its requests.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "errors.h"
#include "neso/backend/config.h"
#include "neso/backend/request.h"
#include "options.h"
#include "pipeline.h"

namespace neso::dali {

// All outputs, in the order of the configuration, if each has its datatype and all have the same number of samples.
Result<std::vector<OutputSamples>> GetOutputs(Outputs& outputs, const backend::ModelConfig& config);

// Which samples of a run, and whether their response is a request's last one.
struct Share {
  size_t first = 0;
  size_t count = 0;
  bool final = true;
};

// One response with these samples. On an error there was none yet, unless the request counts as answered.
Status Respond(backend::Request& request, std::span<const OutputSamples> outputs, const Share& share,
               const backend::ModelConfig& config, const Options& options);

}  // namespace neso::dali
