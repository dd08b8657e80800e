// The classification extension: an output's values turned into its top classes, as text.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"
#include "core/response.h"

namespace neso {

struct Classes {
  Shape shape;       // [batch, min(N, classes)], or [min(N, classes)] for a model that does not batch
  std::string data;  // BYTES elements "<value>:<index>" or "<value>:<index>:<label>", best first
};

// `output` has shape [batch, ...] when `batched`; all other dimensions are classes. Errors: kInvalidArg for BOOL,
// BYTES, FP16 and BF16, and for more than 1,000,000 classes a batch entry.
Expected<Classes> Classify(const InferenceResponse& response, const Output& output, bool batched, uint64_t top);

}  // namespace neso
