// What a configuration leaves out, taken from the signature of a SavedModel.
#pragma once

#include "neso/backend/json.h"
#include "saved_model.h"

namespace neso::tensorflow {

// Fills `config` (the JSON form of a model configuration): max_batch_size where the model batches, the dynamic batcher when that
// is above 1 and no scheduler is given; all inputs or outputs where none is listed, and what listed ones leave out. Errors:
// INTERNAL, when max_batch_size and dims say that it batches and it does not, or say both, or nobody says a tensor's dims.
backend::Status AutoComplete(const Signature& signature, int64_t default_max_batch_size, rapidjson::Document& config);

}  // namespace neso::tensorflow
