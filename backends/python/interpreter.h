// Which Python runs a model, and with which environment: the one of the command line, or that of the folder or
// conda-pack archive that the model names with EXECUTION_ENV_PATH.
//
// An environment's activate script is asked for, as Triton does, and not run: what it would set is set here.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "neso/backend/status.h"
#include "watcher.h"

namespace neso::python {

struct Interpreter {
  std::string executable;                // an absolute path
  std::vector<std::string> environment;  // NAME=value, complete

  // The worker of that name; `inherited`: its socket and its segment.
  Watcher::Program Command(const std::string& name, uint64_t region_size, std::vector<int> inherited) const;
};

// `wanted`: a path, or a name to look up in PATH. NOT_FOUND says where it was looked for.
backend::Result<Interpreter> FindInterpreter(const std::string& wanted);
// `path`: a folder, or an archive that is unpacked once for all models, and again when it changes.
backend::Result<Interpreter> InterpreterOf(const std::string& path);

// The folder in which this library lies, and the worker's files beside it.
std::string LibraryFolder();

}  // namespace neso::python
