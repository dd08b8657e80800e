#include "command/command_table.h"

#include <algorithm>
#include <array>

#include "command/completion_command.h"
#include "command/help_command.h"
#include "command/program_commands.h"

namespace neso::command {
namespace {

constexpr std::array kCommands = {
    Command{"serve", "Serve one model from its file, folder or package, without a repository", Topic::kServing,
            SetUpServe, &ProgramParts::model},
    Command{"init", "Write the configuration of a model from its file", Topic::kServing, SetUpInit,
            &ProgramParts::model},
    Command{"check", "Load one model as a server would, and say what it is or what is wrong with it", Topic::kServing,
            SetUpCheck, &ProgramParts::check},
    Command{"key", "Make, list and revoke the access keys of a server", Topic::kServing, SetUpKey, &ProgramParts::key},
    Command{"keygen", "Make a pair of keys that models are signed with", Topic::kFiles, SetUpKeygen,
            &ProgramParts::signature},
    Command{"sign", "Sign the folders of models", Topic::kFiles, SetUpSign, &ProgramParts::signature},
    Command{"verify", "Check the signatures of models", Topic::kFiles, SetUpVerify, &ProgramParts::signature},
    Command{"trace-summary", "Sum up trace files: where the time of requests went", Topic::kFiles, SetUpTraceSummary,
            &ProgramParts::trace_summary},
    Command{"perf", "Put load on a server, and measure how it bears it", Topic::kAsking, SetUpPerf, &ProgramParts::perf,
            /*describes_itself=*/true},
    Command{"tune", "Find out how a model is served best: instances, batch sizes and delays", Topic::kAsking, SetUpTune,
            &ProgramParts::perf, /*describes_itself=*/true},
    Command{"help", "Describe a command, or list them all", Topic::kShell, SetUpHelp},
    Command{"completion", "Print what makes a shell complete the command line", Topic::kShell, SetUpCompletion},
};

}  // namespace

std::span<const Command> Commands() { return kCommands; }

const Command* FindCommand(std::string_view name) {
  const auto found = std::ranges::find_if(kCommands, [name](const Command& command) { return command.name == name; });
  return found == kCommands.end() ? nullptr : &*found;
}

ReadyCommand SetUp(const Command& command, const ProgramParts& parts) {
  auto app = std::make_unique<CLI::App>(std::string(command.summary) + ".", std::string("neso ") + command.name);
  app->set_help_flag("-h,--help", "Describe this command.");
  app->get_formatter()->column_width(32);
  Action action = command.set_up(*app, parts);
  return {std::move(app), std::move(action)};
}

}  // namespace neso::command
