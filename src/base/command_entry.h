// What bin/neso and the library of its subcommands (src/command) are to each other. The library is opened when a
// subcommand is asked for, so that a server does not carry what it brings along.
#pragma once

#include <string>
#include <vector>

namespace neso {

struct ServerOption {
  std::string name;      // without "--"
  std::string argument;  // "<integer>"; empty: takes none
  std::string help;
  std::string group;
};

// Does what a whole command line of the process says, the program's name first; returns the exit code.
using ProgramPart = int (*)(const std::vector<std::string>& arguments);

// What the program does itself.
struct ProgramParts {
  ProgramPart serve;  // "neso --model-repository=..."
  ProgramPart check;
  ProgramPart key;
  ProgramPart signature;  // keygen, sign, verify
  ProgramPart trace_summary;
  ProgramPart perf;   // perf, profile, tune
  ProgramPart model;  // serve, init: of one model, without a repository
  std::vector<ServerOption> (*server_options)();
  std::string version;
};

// What the library exports, as "neso_command_entry": runs the subcommand that arguments[1] names.
using CommandEntry = int (*)(const ProgramParts& parts, const std::vector<std::string>& arguments);

}  // namespace neso
