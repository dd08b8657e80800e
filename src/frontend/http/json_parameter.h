// Parameters of requests and responses as JSON.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "core/request.h"
#include "frontend/http/json_access.h"

namespace neso {

// A string, integer, boolean or floating number; integers beyond 64 bits with a sign become floating.
// Error: kInvalidArg "parameter 'k' has invalid type. ...".
Status AddJsonParameter(std::string_view name, const JsonValue& value, InferenceRequest& request);

void AppendJsonParameter(std::string& json, const ParameterValue& value);

}  // namespace neso
