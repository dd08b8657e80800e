// An InferenceResponse as the answer to POST .../generate, or one event of .../generate_stream.
//
//   {"id":"7","max_tokens":32,"model_name":"llm","model_version":"1","text_output":"a moon"}
#pragma once

#include <string>

#include "base/status.h"
#include "core/response.h"

namespace neso {

// One object: id, model, parameters and outputs under their names, sorted; of equal names the first of that list
// counts. A tensor of one element stands alone, any other is a flat array. Errors: those of AppendJsonTensor.
Expected<std::string> EncodeGenerateResponse(const InferenceResponse& response);

}  // namespace neso
