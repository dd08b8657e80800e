// `neso NAME ...`: the library of subcommands, which is opened for them alone.
#pragma once

#include <string>
#include <vector>

#include "base/command_entry.h"

namespace neso {

// Whether `arguments`, those of the process, name one: the second of them is no option and no file.
bool IsSubcommand(const std::vector<std::string>& arguments);

// Runs it, and returns the exit code. `parts`: what this program does itself; version and options are filled in here.
int RunSubcommand(const std::vector<std::string>& arguments, ProgramParts parts);

}  // namespace neso
