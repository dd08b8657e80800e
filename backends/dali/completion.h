// The configuration of a DALI model beside its pipeline: what it leaves out, and what it must say.
#pragma once

#include <string_view>

#include "description.h"
#include "errors.h"
#include "neso/backend/config.h"
#include "neso/backend/json.h"
#include "options.h"

namespace neso::dali {

// Whether the text of a config.pbtxt has "max_batch_size: 0": such models do not batch. One that says nothing does, as
// large as its pipeline.
bool SaysUnbatched(std::string_view config_text);

// Fills `config` (the JSON form of a model configuration) with what the pipeline says: inputs by name, outputs by
// position, and if it `batches`, max_batch_size, and the dynamic batcher where no scheduler is given.
// INVALID_ARG if neither says the datatype or the dims of a tensor.
Status Complete(const PipelineDescription& pipeline, bool batches, const Options& options, rapidjson::Document& config);

// INVALID_ARG if the configuration is not one of this pipeline.
Status CheckConfig(const PipelineDescription& pipeline, bool batches, const Options& options,
                   const backend::ModelConfig& config);

}  // namespace neso::dali
