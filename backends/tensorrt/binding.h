// Which tensors of an engine the configuration means, and whether it says of them what is so. Free of TensorRT's headers.
//
//   NESO_ASSIGN_OR_RETURN(const Binding binding, Bind(engine, config, document, instance_name));
#pragma once

#include <string>
#include <vector>

#include "description.h"
#include "neso/backend/config.h"
#include "neso/backend/json.h"
#include "neso/backend/status.h"

namespace neso::tensorrt {

using backend::Result;
using backend::Status;

struct BoundInput {
  const EngineTensor* tensor = nullptr;
  const backend::BatchInputConfig* batch_input = nullptr;  // null: requests carry it
};
struct BoundOutput {
  const EngineTensor* tensor = nullptr;
  std::vector<int64_t> scalar_dims;  // ones, of the configuration, where the engine's output has no dimension
  bool is_state = false;
};

// Views into the engine's description and the configuration.
struct Binding {
  std::vector<BoundInput> inputs;
  std::vector<BoundOutput> outputs;
};

// `document`: the whole of the configuration. Errors: INVALID_ARG for tensors of either that the other does not have, and
// for other datatypes, dims or marks than the engine's.
Result<Binding> Bind(const EngineDescription& engine, const backend::ModelConfig& config,
                     const rapidjson::Value& document, const std::string& instance);

// What requests of sequences carry beside the configuration's inputs.
std::vector<std::string> SequenceInputs(const backend::ModelConfig& config);

}  // namespace neso::tensorrt
