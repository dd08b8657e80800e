// Session options from a model's configuration.
#pragma once

#include "neso/backend/instance.h"
#include "neso/backend/model.h"
#include "ort.h"

namespace neso::onnxruntime {

// Threads a model asks for itself; 0: the shared pool's.
struct ThreadCounts {
  int64_t intra_op = 0;
  int64_t inter_op = 0;
  bool OwnPools() const { return intra_op > 0 || inter_op > 0; }
};
Result<ThreadCounts> ReadThreadCounts(const backend::ModelConfig& config);

// Everything that the configuration says, execution accelerators included. Errors: INVALID_ARG for values that cannot
// be, UNSUPPORTED for accelerators that the runtime library does not have, naming what it has.
Result<Ort::SessionOptions> MakeSessionOptions(const backend::ModelConfig& config, const rapidjson::Document& document,
                                               TRITONSERVER_InstanceGroupKind kind, int32_t device_id);

}  // namespace neso::onnxruntime
