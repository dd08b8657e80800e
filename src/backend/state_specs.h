// The states of a sequence model, with what they hold when a sequence begins.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "config/model_config.pb.h"
#include "core/sequence_state.h"

namespace neso {

// Reads initial states that lie in files of "<model_folder>/initial_state". A state without initial state begins with
// zeros, its variable dimensions with 1. Errors: kInvalidArg, naming the state; kInternal for a file that cannot be
// read.
Expected<std::vector<StateSpec>> ReadStateSpecs(const inference::ModelConfig& config, const std::string& model_folder);

}  // namespace neso
