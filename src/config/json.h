// Prints a model configuration as clients and backends get it.
//
//   std::string json = ModelConfigToJson(config);   // {"name":"digits","platform":"",...}
//
// Form: members in the order of the .proto file under their snake_case names; primitive fields always, repeated fields
// and maps even if empty, messages and oneof members only when set; enums by name; map keys sorted. 64-bit integers are
// numbers, except those that stay strings (see json.cc). Source: model configuration extension of the protocol.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"
#include "config/model_config.pb.h"

namespace neso {

std::string ModelConfigToJson(const inference::ModelConfig& config);

// Only version 1 of the form exists.
// Errors: kInvalidArg "model configuration version N not supported, supported versions are: 1".
Status CheckConfigVersion(uint32_t config_version);

}  // namespace neso
