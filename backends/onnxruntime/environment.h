// The process's one ONNX Runtime environment and its thread pool.
//
// All sessions that do not ask for threads of their own share the pool, so that the number of threads stays that of the
// cores however many models and instances there are. Its threads do not spin: on small machines spinning takes the
// cores that read requests.
#pragma once

#include <string>

#include "neso/backend/model.h"
#include "ort.h"

namespace neso::onnxruntime {

struct EnvironmentSettings {
  int64_t intra_op_threads = 0;  // of the shared pool; 0: as many as there are cores
  int64_t inter_op_threads = 0;
  bool global_pool_only =
      false;  // --backend-config=onnxruntime,enable-global-threadpool=1: models' own counts are ignored
  int64_t default_max_batch_size = 4;
  std::string folder;  // of the plug-in
};

// Once, before anything else of the runtime. Errors: UNSUPPORTED when library and header do not fit, INVALID_ARG for a
// setting that is no number.
Status InitializeEnvironment(const backend::Backend& backend);

// Valid after InitializeEnvironment.
Ort::Env& Environment();
const EnvironmentSettings& Settings();

}  // namespace neso::onnxruntime
