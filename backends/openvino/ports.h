// The inputs and outputs of a network, and which of them the configuration means. Free of OpenVINO's headers.
//
//   NESO_ASSIGN_OR_RETURN(const Binding binding, Bind(ports, config));
//   NESO_RETURN_IF_ERROR(CheckShapes(ports.inputs, binding.inputs, config));
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "neso/backend/config.h"
#include "neso/backend/json.h"
#include "neso/backend/status.h"

namespace neso::openvino {

using backend::DataType;
using backend::Result;
using backend::Status;

struct Port {
  std::vector<std::string> names;                 // it goes by any of them
  DataType datatype = TRITONSERVER_TYPE_INVALID;  // INVALID: one that the backend does not serve
  std::string element_type;                       // as OpenVINO calls it
  bool has_rank = true;                           // or any number of dimensions
  std::vector<int64_t> shape;                     // -1 where the network leaves it open
  bool has_batch = false;                         // its layout says which dimension is the batch
};
struct Ports {
  std::vector<Port> inputs;
  std::vector<Port> outputs;
};

// A tensor of requests, and the number of the network's input or output that it is.
struct BoundTensor {
  backend::TensorConfig tensor;
  size_t port = 0;
};
struct Binding {
  std::vector<BoundTensor> inputs;
  std::vector<BoundTensor> outputs;
};

// What requests of sequences carry beside the configuration's inputs: controls and states.
std::vector<backend::TensorConfig> SequenceInputs(const backend::ModelConfig& config);

// Errors: INVALID_ARG for names that the network does not have, datatypes that are not served, another number of inputs.
Result<Binding> Bind(const Ports& ports, const backend::ModelConfig& config);

// Whether the configuration's dims fit. The first dimension of a network that batches is the server's to set.
Status CheckShapes(const std::vector<Port>& ports, const std::vector<BoundTensor>& bound,
                   const backend::ModelConfig& config);

// Fills in what `config` does not say; whether there was anything. Errors: INVALID_ARG for what has no place in a
// configuration.
Result<bool> AutoComplete(const Ports& ports, int64_t default_max_batch_size, rapidjson::Document& config);

}  // namespace neso::openvino
