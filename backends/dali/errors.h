// Errors as the DALI backend tells them: all have the code UNKNOWN, and say in front who speaks.
#pragma once

#include "neso/backend/status.h"

namespace neso::dali {

using backend::Result;
using backend::Status;

template <typename... Parts>
Status BackendError(const Parts&... parts) {
  return {TRITONSERVER_ERROR_UNKNOWN, backend::Concat("DALI Backend error: ", parts...)};
}

}  // namespace neso::dali
