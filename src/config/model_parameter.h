// Settings of a model that its configuration has no field for.
//
//   parameters { key: "BATCH_KEY_PARAMETER" value { string_value: "customer" } }
#pragma once

#include <string>

#include "config/model_config.pb.h"

namespace neso {

// The text of the parameter `name`; null if the configuration does not have it.
inline const std::string* FindParameter(const inference::ModelConfig& config, const char* name) {
  const auto found = config.parameters().find(name);
  return found == config.parameters().end() ? nullptr : &found->second.string_value();
}

}  // namespace neso
