// The process's one ONNX Runtime environment and its thread pool.
//
// Sessions that do not ask for threads of their own share the pool, so that the number of threads stays that of the cores
// however many models and instances there are. Its threads do not spin: on small machines spinning takes the cores that
// read requests. A model that has the runtime to itself gets a pool that spins, and shortly: waking a thread for each
// operator makes a convolution of 2 ms take a tenth to a quarter longer.
#pragma once

#include <memory>
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

// How many threads run one operator unless a model says so: as many as there are cores, but no more than the control
// group's quota lets run.
int IntraOpThreads();

// Leave for all sessions of `model` to have pools of their own, until the last copy goes. Null while another model has it.
std::shared_ptr<const std::string> LeaveForOwnPool(const std::string& model);

}  // namespace neso::onnxruntime
