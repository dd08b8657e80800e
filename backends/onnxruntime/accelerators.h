// Execution accelerators of a model configuration as ONNX Runtime's execution providers.
#pragma once

#include "neso/backend/json.h"

#include "neso/backend/parameters.h"
#include "ort.h"

namespace neso::onnxruntime {

// GPU accelerators ("tensorrt", "cuda") count for GPU instances, CPU accelerators ("openvino") for the others. A GPU
// instance gets the CUDA provider in any case. Errors: INVALID_ARG for unknown accelerators and parameters; UNSUPPORTED
// when the runtime library lacks the provider.
Status AppendAccelerators(const backend::Parameters& parameters, const rapidjson::Document& document,
                          TRITONSERVER_InstanceGroupKind kind, int32_t device_id, Ort::SessionOptions& options);

}  // namespace neso::onnxruntime
