// `neso infer`: asks a model once.
#pragma once

#include "command/command.h"

namespace neso::command {

Action SetUpInfer(CLI::App& app, const ProgramParts& parts);

}  // namespace neso::command
