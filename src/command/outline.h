// The options, arguments and words of a command, as completion and man pages go through them.
#pragma once

#include <string>
#include <vector>

#include "command/command.h"

namespace neso::command {

struct OptionOutline {
  std::vector<std::string> names{};  // "--url", "-u"; an argument's is what help calls it
  std::string argument{};            // "FILE"; empty for a flag
  std::string help{};
  std::vector<std::string> choices{};  // none: anything goes
  bool required = false;
  std::string place{};  // "MODEL", of what may stand without a name; `positional`: only so
  bool positional = false;
};

struct Outline {
  std::string name{}, summary{}, footer{};
  std::vector<OptionOutline> options{};  // arguments included
  std::vector<Outline> words{};          // what may follow the name: "create" of "neso key create"
};

Outline OutlineOf(const CLI::App& app, std::string name);

// The whole table.
std::vector<Outline> OutlineOfCommands(const ProgramParts& parts);

}  // namespace neso::command
