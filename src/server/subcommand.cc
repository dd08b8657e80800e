#include "server/subcommand.h"

#include <algorithm>
#include <cstdio>

#include "base/own_library.h"
#include "server/option_spec.h"

namespace neso {
namespace {

std::vector<ServerOption> DescribeServerOptions() {
  std::vector<ServerOption> options;
  for (const OptionGroup& group : OptionGroups()) {
    for (const OptionSpec& option : group.options) {
      options.push_back({.name = option.name,
                         .argument = option.argument_form == nullptr ? "" : option.argument_form,
                         .help = option.help,
                         .group = *group.title == '\0' ? "General" : group.title});
    }
  }
  return options;
}

}  // namespace

bool IsSubcommand(const std::vector<std::string>& arguments) {
  if (arguments.size() < 2 || ProgramOf(arguments[0]) != Program::kNeso) return false;
  const std::string& word = arguments[1];
  const auto in_name = [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; };
  return !word.starts_with("-") && std::all_of(word.begin(), word.end(), in_name);
}

int RunSubcommand(const std::vector<std::string>& arguments, ProgramParts parts) {
  const Expected<const CommandEntry*> entry = OpenOwnLibrary<CommandEntry>(
      "libneso_command.so", "neso_command_entry", fmt::format("neso {} needs the library of commands", arguments[1]));
  if (!entry) {
    std::fprintf(stderr, "error: %s\n", entry.error().message().c_str());
    return 1;
  }
  parts.server_options = DescribeServerOptions;
  parts.version = NESO_VERSION;
  return (**entry)(parts, arguments);
}

}  // namespace neso
