#pragma once

#include <string_view>

#include "base/status.h"

namespace neso {

// Whether a load, an unload or a mapping may name a model so. Errors: kInvalidArg "Model name cannot be empty. ..." and
// "invalid model name '<n>', ...".
Status CheckModelName(std::string_view name);

}  // namespace neso
