// What a server tells of itself and its models, as values: front ends and the C ABI write them in their own forms.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/model.h"

namespace neso {

struct ServerMetadata {
  std::string name;
  std::string version;
  std::vector<std::string> extensions;  // in the order clients get them
};

// The configuration has inputs and outputs; versions are ascending.
struct ModelMetadata {
  ModelHandle model;
  std::vector<int64_t> versions;
};

}  // namespace neso
