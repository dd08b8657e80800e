// `neso completion bash|zsh|fish`.
#pragma once

#include <string>

#include "command/command.h"
#include "command/outline.h"

namespace neso::command {

Action SetUpCompletion(CLI::App& app, const ProgramParts& parts);

// What a shell reads to complete `neso`. `server_options` come with their "--".
std::string BashCompletion(const std::vector<Outline>& commands, const std::vector<std::string>& server_options);
std::string ZshCompletion(const std::vector<Outline>& commands, const std::vector<std::string>& server_options);
std::string FishCompletion(const std::vector<Outline>& commands, const std::vector<ServerOption>& server_options);

}  // namespace neso::command
