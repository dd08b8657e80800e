// `neso top`: a server as it works.
#pragma once

#include "command/command.h"

namespace neso::command {

Action SetUpTop(CLI::App& app, const ProgramParts& parts);

}  // namespace neso::command
