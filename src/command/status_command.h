// `neso status`: whether a server answers, and whether it is ready; for people, scripts and health checks.
#pragma once

#include "command/command.h"

namespace neso::command {

Action SetUpStatus(CLI::App& app, const ProgramParts& parts);

}  // namespace neso::command
