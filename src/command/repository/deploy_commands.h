// `neso service` and `neso dockerfile`: what runs a repository elsewhere.
#pragma once

#include "command/command.h"

namespace neso::command {

Action SetUpService(CLI::App& app, const ProgramParts& parts);
Action SetUpDockerfile(CLI::App& app, const ProgramParts& parts);

}  // namespace neso::command
