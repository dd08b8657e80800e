// What a model serves: the network that was read, fitted to the configuration, and compiled for a device.
#pragma once

#include <openvino/core/model.hpp>
#include <openvino/runtime/compiled_model.hpp>

#include <memory>

#include "neso/backend/config.h"
#include "options.h"
#include "ports.h"

namespace neso::openvino {

using NetworkPtr = std::shared_ptr<ov::Model>;

Ports Describe(const ov::Model& network);

// Batches get their size, and inputs the configuration's dims where the options say so, or the network says nothing. Errors: INTERNAL, what OpenVINO says
// when the network cannot take these shapes.
Status Reshape(ov::Model& network, const Binding& binding, const backend::ModelConfig& config, const Options& options);

// Inputs and outputs have the datatypes of the configuration from now on, and are converted where the network has others.
Status SetDatatypes(NetworkPtr& network, const Binding& binding, const std::string& model);

// `instances`: how many will run at once.
Result<ov::CompiledModel> Compile(const NetworkPtr& network, const Options& options, size_t instances,
                                  const std::string& model);

}  // namespace neso::openvino
