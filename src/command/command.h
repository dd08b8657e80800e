// One subcommand of `neso`: a row of the table in command_table.cc. Its help, its man page and its completion are made
// of what it tells CLI11.
//
//   Action SetUpGreet(CLI::App& app, const ProgramParts&) {
//     auto name = std::make_shared<std::string>();
//     app.add_option("NAME", *name, "Whom to greet.")->required();
//     return [name]() -> Expected<int> {
//       std::puts(("Hello " + *name).c_str());
//       return kDone;
//     };
//   }
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "base/command_entry.h"
#include "base/exit_code.h"
#include "base/status.h"

namespace neso::command {

// What to do once the command line has been read; returns the exit code. An error is printed, and the code is kFailed.
using Action = std::function<Expected<int>()>;

// Headings of `neso help`.
enum class Topic { kServing, kAsking, kModels, kFiles, kShell };

struct Command {
  const char* name;
  const char* summary;  // one line, no full stop
  Topic topic;
  // Tells `app` its options and arguments. The Action keeps what they are read into.
  Action (*set_up)(CLI::App& app, const ProgramParts& parts);
  // Reads its own words, which are not checked before: this gets the whole command line of the process. The options
  // that set_up names are for help and completion only.
  ProgramPart ProgramParts::*part = nullptr;
  bool describes_itself = false;  // its part answers --help, too
  // It does what it is for whether anybody reads what it prints or not; the others are started for their output.
  bool is_server = false;
  int failure_code = kFailed;
};

}  // namespace neso::command
