#include "command/command_table.h"

#include <algorithm>
#include <array>

#include "base/perf_entry.h"
#include "command/completion_command.h"
#include "command/control_commands.h"
#include "command/help_command.h"
#include "command/infer/infer_command.h"
#include "command/metrics_command.h"
#include "command/model_commands.h"
#include "command/program_commands.h"
#include "command/repository/deploy_commands.h"
#include "command/repository/repository_commands.h"
#include "command/stats_command.h"
#include "command/status_command.h"
#include "command/top_command.h"

namespace neso::command {
namespace {

constexpr std::array kCommands = {
    Command{"serve", "Serve one model from its file, folder or package, without a repository", Topic::kServing,
            SetUpServe, &ProgramParts::model, /*describes_itself=*/false, /*is_server=*/true},
    Command{"init", "Write the configuration of a model from its file", Topic::kServing, SetUpInit,
            &ProgramParts::model},
    Command{"check", "Load one model as a server would, and say what it is or what is wrong with it", Topic::kServing,
            SetUpCheck, &ProgramParts::check},
    Command{"service", "Write a systemd unit that serves a repository", Topic::kServing, SetUpService},
    Command{"dockerfile", "Write the recipe of an image that serves a repository", Topic::kServing, SetUpDockerfile},
    Command{"key", "Make, list and revoke the access keys of a server", Topic::kServing, SetUpKey, &ProgramParts::key},
    Command{"list", "List the models of a repository on this machine", Topic::kFiles, SetUpList},
    Command{"import", "Copy a model into a repository", Topic::kFiles, SetUpImport},
    Command{"remove", "Remove a model from a repository", Topic::kFiles, SetUpRemove},
    Command{"keygen", "Make a pair of keys that models are signed with", Topic::kFiles, SetUpKeygen,
            &ProgramParts::signature},
    Command{"sign", "Sign the folders of models", Topic::kFiles, SetUpSign, &ProgramParts::signature},
    Command{"verify", "Check the signatures of models", Topic::kFiles, SetUpVerify, &ProgramParts::signature},
    Command{"trace-summary", "Sum up trace files: where the time of requests went", Topic::kFiles, SetUpTraceSummary,
            &ProgramParts::trace_summary},
    Command{"infer", "Ask a model once, and show what it answers", Topic::kAsking, SetUpInfer},
    Command{"models", "List the models of a server, and whether they are ready", Topic::kAsking, SetUpModels},
    Command{"metadata", "Show the tensors of a model", Topic::kAsking, SetUpMetadata},
    Command{"config", "Show the configuration of a model", Topic::kAsking, SetUpConfig},
    Command{"stats", "Show how many requests models have had, and how long they took", Topic::kAsking, SetUpStats},
    Command{"status", "Say whether a server, or a model, is ready", Topic::kAsking, SetUpStatus},
    Command{"metrics", "Show what a server counts", Topic::kAsking, SetUpMetrics},
    Command{"top", "Watch a server work: what each model does, second by second", Topic::kAsking, SetUpTop},
    Command{"load", "Load models into a server, or load them anew", Topic::kModels, SetUpLoad},
    Command{"unload", "Take models out of a server", Topic::kModels, SetUpUnload},
    Command{"perf", "Put load on a server, and measure how it bears it", Topic::kAsking, SetUpPerf, &ProgramParts::perf,
            /*describes_itself=*/true, /*is_server=*/false, kPerfFailed},
    Command{"profile", "Measure how a language model streams: its first token, the others, and how many a second",
            Topic::kAsking, SetUpProfile, &ProgramParts::perf, /*describes_itself=*/true},
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
