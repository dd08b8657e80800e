// The border of a plug-in's entry points: no exception leaves them.
#pragma once

#include <exception>

#include "neso/backend/status.h"
#include "triton/core/tritonserver.h"

namespace neso::backend::internal {

// Runs `work`, which returns a Status; exceptions become INTERNAL errors.
template <typename Work>
TRITONSERVER_Error* Guard(const Work& work) noexcept {
  try {
    return Status(work()).Release();
  } catch (const std::exception& exception) {
    return TRITONSERVER_ErrorNew(TRITONSERVER_ERROR_INTERNAL, exception.what());
  } catch (...) {
    return TRITONSERVER_ErrorNew(TRITONSERVER_ERROR_INTERNAL, "the plug-in threw an unknown exception");
  }
}

}  // namespace neso::backend::internal
