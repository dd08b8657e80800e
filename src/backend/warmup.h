// Requests that the configuration asks to run on each instance before it serves: `model_warmup`.
//
//   ASSIGN_OR_RETURN(WarmUp warm_up, WarmUp::Prepare(model.config(), version, "/models/digits"));
//   RETURN_IF_ERROR(warm_up.Run(instance, stop));
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/status.h"
#include "config/model_config.pb.h"
#include "core/model_handle.h"
#include "core/sequence_state.h"
#include "core/types.h"

namespace neso {

class BackendInstance;

// A tensor of a sample.
struct WarmUpTensor {
  std::string name;
  DataType datatype = DataType::kInvalid;
  Shape shape;  // with batch dimension 1 if the model batches
  std::string data;
  bool is_model_input = true;  // otherwise a control or state, which the server adds behind the request's back
};

struct WarmUpSample {
  std::string name;
  uint32_t batch_size = 1;  // so many requests are executed together
  uint32_t count = 1;       // so many times
  std::vector<WarmUpTensor> tensors;
};

// Builds the samples; those with batch_size 0 are skipped. `model_folder`/warmup holds data files.
// Precondition: ValidateWarmUp, ValidateModelFiles.
// Errors: kInvalidArg for dimensions or data that are missing, kInternal for a file that is.
Expected<std::vector<WarmUpSample>> MakeWarmUpSamples(const inference::ModelConfig& config,
                                                      const std::string& model_folder);

// Constant after Prepare: several instances may run it at the same time.
class WarmUp {
 public:
  static Expected<WarmUp> Prepare(const inference::ModelConfig& config, int64_t version,
                                  const std::string& model_folder);

  // Returns when all responses are there and all requests released. Executions count in the instance's statistics.
  // Errors: what request validation says; kInvalidArg "failed to run warmup sample 'S': <reason>; "; LoadStopped() as
  // soon as `stop` is requested.
  Status Run(BackendInstance& instance, const std::stop_token& stop) const;

 private:
  Status RunSample(const WarmUpSample& sample, BackendInstance& instance) const;

  std::vector<WarmUpSample> samples_;
  std::vector<StateSpec> state_specs_;  // each request begins a sequence of its own
  // The requests belong to a model of their own: the one that is being loaded takes none yet.
  ModelHandle stand_in_;
};

}  // namespace neso
