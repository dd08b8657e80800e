// Session options from a model's configuration.
#pragma once

#include <cstdint>
#include <string>

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

// More than machines have cores: each thread takes memory and one of the process's limited number.
inline constexpr int64_t kMaxThreads = 1024;
// Errors: INVALID_ARG for a count that cannot be.
Status CheckThreadCounts(const ThreadCounts& threads);
Result<ThreadCounts> ReadThreadCounts(const backend::ModelConfig& config);

// Everything that the configuration says, execution accelerators and libraries of operators included; such a library is
// looked for in `version_path` first, then where the system looks. `own_pool`: with a pool of its own also where the
// configuration names no threads. Errors: INVALID_ARG for values that cannot be,
// UNSUPPORTED for accelerators that the runtime library does not have, naming what it has. Throws what the runtime
// throws.
Result<Ort::SessionOptions> MakeSessionOptions(const backend::ModelConfig& config, const rapidjson::Document& document,
                                               const std::string& version_path, TRITONSERVER_InstanceGroupKind kind,
                                               int32_t device_id, bool own_pool);

}  // namespace neso::onnxruntime
