// Execution environments that come as conda-pack archives: unpacked once for each file and time of change, and removed
// when the server ends.
#pragma once

#include <string>

#include "neso/backend/status.h"

namespace neso::python {

// By its name: .tar.gz, .tgz or .tar.
bool IsArchive(const std::string& path);
// The folder with what is in the archive. Thread-safe; who comes while it is being unpacked waits.
backend::Result<std::string> UnpackedEnvironment(const std::string& path);

}  // namespace neso::python
