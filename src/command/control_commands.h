// `neso load` and `neso unload`, of a server in explicit mode.
#pragma once

#include "command/command.h"

namespace neso::command {

Action SetUpLoad(CLI::App& app, const ProgramParts& parts);
Action SetUpUnload(CLI::App& app, const ProgramParts& parts);

}  // namespace neso::command
