// Where an installed Python package lies, as the python3 of the environment says (an active venv's, then).
#pragma once

#include <string>

#include "base/status.h"

namespace neso {

// `name`: what is imported, or what pip calls it. Error: kNotFound; its text, which may be empty, goes behind a sentence.
Expected<std::string> FolderOfPackage(const std::string& name);

}  // namespace neso
