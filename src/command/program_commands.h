// Subcommands that the program has itself, and that read their own words: what help and completion say of them.
#pragma once

#include "command/command.h"

namespace neso::command {

Action SetUpServe(CLI::App& app, const ProgramParts& parts);
Action SetUpInit(CLI::App& app, const ProgramParts& parts);
Action SetUpCheck(CLI::App& app, const ProgramParts& parts);
Action SetUpKey(CLI::App& app, const ProgramParts& parts);
Action SetUpKeygen(CLI::App& app, const ProgramParts& parts);
Action SetUpSign(CLI::App& app, const ProgramParts& parts);
Action SetUpVerify(CLI::App& app, const ProgramParts& parts);
Action SetUpPerf(CLI::App& app, const ProgramParts& parts);
Action SetUpProfile(CLI::App& app, const ProgramParts& parts);
Action SetUpTune(CLI::App& app, const ProgramParts& parts);
Action SetUpTraceSummary(CLI::App& app, const ProgramParts& parts);

}  // namespace neso::command
