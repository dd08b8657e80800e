// Whether a configuration fits what a model says of its tensors. Error texts are those that all C++ backends share, and
// those of Triton's TensorFlow backend.
#pragma once

#include <string>
#include <vector>

#include "neso/backend/config.h"
#include "saved_model.h"

namespace neso::tensorflow {

// Inputs must be all that the signature has; outputs may be some. Errors: INVALID_ARG.
backend::Status CheckSavedModelConfig(const Signature& signature, const backend::ModelConfig& config);

// Inputs must be placeholders, as many as the model likes. Errors: INVALID_ARG.
backend::Status CheckGraphDefConfig(const std::vector<TensorInfo>& placeholders, const backend::ModelConfig& config);

// Of a tensor of `tensor.type`; `role`: "input" or "output". Errors: INVALID_ARG.
backend::Status CheckType(const TensorInfo& tensor, backend::DataType configured, const char* role,
                          const std::string& model);

}  // namespace neso::tensorflow
