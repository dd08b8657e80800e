// The subcommands of `neso`.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "command/command.h"

namespace neso::command {

// In the order of `neso help`.
std::span<const Command> Commands();

const Command* FindCommand(std::string_view name);

// What CLI11 knows of a command, and what it does.
struct ReadyCommand {
  std::unique_ptr<CLI::App> app;
  Action action;
};
ReadyCommand SetUp(const Command& command, const ProgramParts& parts);

}  // namespace neso::command
