// `neso stats`: what a server has counted of its models.
#pragma once

#include "command/command.h"

namespace neso::command {

Action SetUpStats(CLI::App& app, const ProgramParts& parts);

}  // namespace neso::command
