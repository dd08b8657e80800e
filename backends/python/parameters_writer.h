// Writes the JSON texts that the parameters of requests and responses come to a model in.
#pragma once

#include "neso/backend/json.h"

namespace neso::python {

// Every double is one: "NaN", "Infinity" and "-Infinity" are what Python's json writes and reads for those that JSON lacks.
using ParametersWriter = rapidjson::Writer<rapidjson::StringBuffer, rapidjson::UTF8<>, rapidjson::UTF8<>,
                                           rapidjson::CrtAllocator, rapidjson::kWriteNanAndInfFlag>;

}  // namespace neso::python
