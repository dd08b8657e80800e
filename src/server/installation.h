// Where the running program was installed, so that a tree that was moved still finds its own parts.
#pragma once

#include <string>

namespace neso {

// "<tree>/<name>" for a program "<tree>/bin/neso" if that folder is there; else `fallback`.
std::string FolderBeside(const std::string& program, const std::string& name, const std::string& fallback);

// The program's own file; empty when the system does not say.
std::string ProgramPath();

}  // namespace neso
