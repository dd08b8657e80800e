// What a configuration leaves out, taken from the model itself.
#pragma once

#include "neso/backend/json.h"

#include "model_description.h"

namespace neso::onnxruntime {

// Fills `config` (the JSON form of a model configuration): inputs, outputs, max_batch_size and, when that is above 1 in
// the end and no scheduler is given, the dynamic batcher. A configuration with inputs and outputs is left alone:
// returns false. Error: INVALID_ARG when max_batch_size asks for batching that the model cannot do.
Result<bool> AutoComplete(const ModelDescription& model, int64_t default_max_batch_size, rapidjson::Document& config);

}  // namespace neso::onnxruntime
