// OpenVINO's core, one for the process: it opens the plug-ins for devices and the front ends for formats when they are
// needed, and keeps them.
#pragma once

#include <openvino/runtime/core.hpp>

#include <cstdint>

#include "neso/backend/model.h"
#include "neso/backend/status.h"

namespace neso::openvino {

// Once, when the backend is loaded. Errors: what OpenVINO says when it cannot start; INVALID_ARG for a setting that is none.
backend::Status InitializeCore(const backend::Backend& backend);

// Valid after InitializeCore.
ov::Core& Core();
int64_t DefaultMaxBatchSize();

}  // namespace neso::openvino
