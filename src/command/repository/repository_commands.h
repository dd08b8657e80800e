// `neso import`, `list` and `remove`: the models of a repository on this machine.
#pragma once

#include "command/command.h"

namespace neso::command {

Action SetUpImport(CLI::App& app, const ProgramParts& parts);
Action SetUpList(CLI::App& app, const ProgramParts& parts);
Action SetUpRemove(CLI::App& app, const ProgramParts& parts);

// Adds the option that names the repository; `folder` is ~/models, or NESO_MODEL_REPOSITORY, unless it is given.
void AddRepository(CLI::App& app, std::string& folder);

}  // namespace neso::command
