#include "repository/model_name.h"

namespace neso {

Status CheckModelName(std::string_view name) {
  if (name.empty()) return InvalidArg("Model name cannot be empty. Please enter a valid name to deploy.");
  const bool traverses = name == "." || name == ".." || name.find_first_of("/\\") != std::string_view::npos ||
                         name.find('\0') != std::string_view::npos;
  if (traverses) {
    return InvalidArg("invalid model name '{}', model name must not contain path traversal characters", name);
  }
  return {};
}

}  // namespace neso
