// From the words of a command line to the exit code.
#pragma once

#include <string>
#include <vector>

#include "command/command.h"

namespace neso::command {

// `arguments`: those of the process, the command's name second. Errors go to stderr, each with what to type instead.
int RunCommand(const ProgramParts& parts, const std::vector<std::string>& arguments);

}  // namespace neso::command
