// Bodies of the repository endpoints: index, load, unload.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "engine/inference_server.h"

namespace neso {

// {"ready":true}, or empty. Error: kInvalidArg "Invalid value for 'ready': expected a boolean".
Expected<bool> ParseIndexRequest(std::string_view body);

// {"parameters":{"config":"...","file:<path>":"<base64>"}}, or empty; file contents are decoded.
Expected<std::vector<LoadParameter>> ParseLoadRequest(std::string_view body);

// {"parameters":{"unload_dependents":true}}, or empty.
Expected<bool> ParseUnloadRequest(std::string_view body);

std::string IndexJson(const std::vector<ModelIndexEntry>& index);

}  // namespace neso
