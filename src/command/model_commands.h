// `neso models`, `metadata` and `config`: what a server has.
#pragma once

#include "command/command.h"

namespace neso::command {

Action SetUpModels(CLI::App& app, const ProgramParts& parts);
Action SetUpMetadata(CLI::App& app, const ProgramParts& parts);
Action SetUpConfig(CLI::App& app, const ProgramParts& parts);

}  // namespace neso::command
