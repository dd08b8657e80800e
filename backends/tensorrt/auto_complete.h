// What an engine says of a configuration that does not say it. Free of TensorRT's headers.
//
//   NESO_RETURN_IF_ERROR(AutoComplete(engine, profiles, document));
#pragma once

#include <cstdint>
#include <span>

#include "description.h"
#include "neso/backend/json.h"
#include "neso/backend/status.h"

namespace neso::tensorrt {

// The largest batch that the engine takes with one of `profiles`: 0 if it does not batch.
int64_t MaxBatchSize(const EngineDescription& engine, std::span<const int32_t> profiles);

// Fills in max_batch_size, inputs, outputs and the scheduler. Errors: INVALID_ARG if what is there already wants another
// engine.
backend::Status AutoComplete(const EngineDescription& engine, std::span<const int32_t> profiles,
                             rapidjson::Document& config);

}  // namespace neso::tensorrt
