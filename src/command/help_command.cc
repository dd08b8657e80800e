#include "command/help_command.h"

#include <array>
#include <memory>

#include "base/nearest.h"
#include "base/text.h"
#include "base/write_file.h"
#include "command/check_words.h"
#include "command/command_table.h"
#include "command/manual.h"
#include "command/say.h"

namespace neso::command {
namespace {

struct TopicTitle {
  Topic topic;
  const char* title;
};
constexpr std::array kTitles = {
    TopicTitle{Topic::kServing, "Serve"},
    TopicTitle{Topic::kAsking, "Ask a server"},
    TopicTitle{Topic::kModels, "Change what a server has"},
    TopicTitle{Topic::kFiles, "Work with files"},
    TopicTitle{Topic::kShell, "This command"},
};

struct HelpOptions {
  std::string name;
  std::string folder;
  bool man = false;
};

// One page a command, and one for all.
Status WriteManual(const std::string& folder, const ProgramParts& parts) {
  RETURN_IF_ERROR(WriteFile(folder + "/neso.1", MainPage(parts)));
  for (const Command& command : Commands()) {
    RETURN_IF_ERROR(WriteFile(folder + "/neso-" + command.name + ".1", PageOf(command, parts)));
  }
  return {};
}

Expected<int> Help(const HelpOptions& options, const ProgramParts& parts) {
  if (!options.folder.empty()) {
    RETURN_IF_ERROR(WriteManual(options.folder, parts));
    return kDone;
  }
  std::string text = options.man ? MainPage(parts) : CommandList();
  if (!options.name.empty()) {
    const Command& command = *FindCommand(options.name);  // the words were checked
    if (command.describes_itself && !options.man) return (parts.*command.part)({"neso", command.name, "--help"});
    text = options.man ? PageOf(command, parts) : HelpOf(command, parts);
  }
  Say(text);
  return kDone;
}

}  // namespace

Action SetUpHelp(CLI::App& app, const ProgramParts& parts) {
  auto options = std::make_shared<HelpOptions>();
  app.add_option("NAME", options->name, "The command.");
  app.add_flag("--man", options->man, "Print a man page instead.");
  app.add_option("--man-pages", options->folder, "Write the man pages of all commands into this folder.")
      ->type_name("FOLDER");
  CheckWords(app, [options] {
    return options->name.empty() || FindCommand(options->name) != nullptr ? Status() : NoSuchCommand(options->name);
  });
  app.footer("Example:\n  neso help key\n  neso help --man | man -l -");
  return [options, &parts] { return Help(*options, parts); };
}

std::string CommandList() {
  std::string text =
      "Usage: neso COMMAND [option...]\n"
      "       neso --model-repository=FOLDER [option...]\n\n"
      "The second serves the models of a folder; neso --help lists its options.\n";
  for (const TopicTitle& title : kTitles) {
    std::string rows;
    for (const Command& command : Commands()) {
      if (command.topic == title.topic) rows += fmt::format("  {:<15} {}\n", command.name, command.summary);
    }
    if (!rows.empty()) text += fmt::format("\n{}:\n{}", title.title, rows);
  }
  return text + "\nneso help NAME, or neso NAME --help, says more.\n";
}

std::string HelpOf(const Command& command, const ProgramParts& parts) {
  const ReadyCommand ready = SetUp(command, parts);
  std::string text = ready.app->help();
  for (const CLI::App* word : ready.app->get_subcommands([](const CLI::App* /*any*/) { return true; })) {
    text += "\n" + word->help(ready.app->get_name());
  }
  return text;
}

Status NoSuchCommand(const std::string& name) {
  std::vector<std::string> names;
  for (const Command& command : Commands()) names.emplace_back(command.name);
  const std::vector<std::string> meant = NearestNames(name, names);
  if (meant.empty()) return InvalidArg("there is no command '{}'; neso help lists them all", name);
  return InvalidArg("there is no command '{}'; did you mean {}? neso help lists them all", name, Join(meant, " or "));
}

}  // namespace neso::command
