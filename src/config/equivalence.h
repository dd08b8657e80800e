// Whether a changed configuration can be applied to a running model without loading it again.
#pragma once

#include "config/model_config.pb.h"

namespace neso {

// True if the two differ at most in instance_group and version_policy: instances are added and removed in place.
bool CanUpdateInPlace(const inference::ModelConfig& running, const inference::ModelConfig& wanted);

}  // namespace neso
