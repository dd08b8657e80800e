// What the command line says to the backend: --backend-config=python,<name>=<value>.
#pragma once

#include <string>

#include "neso/backend/parameters.h"
#include "neso/backend/status.h"

namespace neso::python {

struct Settings {
  std::string interpreter = "python3";  // python-interpreter: a path, or a name to look up in PATH

  // Checks what is Triton's, too; memory is taken as it is needed, so its sizes change nothing. INVALID_ARG names what is
  // wrong.
  static backend::Result<Settings> Parse(const backend::Parameters& parameters);
};

}  // namespace neso::python
