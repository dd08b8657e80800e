// What a command line says that CLI11 cannot judge.
//
//   CheckWords(app, [words] { return words->files.empty() ? InvalidArg("expected a file") : Status(); });
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "base/status.h"

namespace neso::command {

// `check` runs when all words have been read, and may make something of them. Its error ends the command as one of CLI11
// does, with kMisused, before the Action runs. One for each app: AddAskingOptions takes that of a command that asks.
void CheckWords(CLI::App& app, std::function<Status()> check);

}  // namespace neso::command
