// `neso help [NAME]`: the list of commands, the help of one, or man pages.
#pragma once

#include <string>

#include "command/command.h"

namespace neso::command {

Action SetUpHelp(CLI::App& app, const ProgramParts& parts);

std::string CommandList();
std::string HelpOf(const Command& command, const ProgramParts& parts);

// "there is no command 'modles'; did you mean models? neso help lists them all"
Status NoSuchCommand(const std::string& name);

}  // namespace neso::command
