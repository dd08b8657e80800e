#include "command/run_command.h"

#include <algorithm>
#include <cstdio>
#include <string_view>

#include "base/nearest.h"
#include "base/terminal_text.h"
#include "base/text.h"
#include "command/command_table.h"
#include "command/help_command.h"
#include "command/say.h"

namespace neso::command {
namespace {

int Complain(const std::string& message, int exit_code) {
  std::fprintf(stderr, "error: %s\n", WithoutControls(message).c_str());
  return exit_code;
}

// Options of the command and of the words that follow it.
void CollectOptionNames(const CLI::App& app, std::vector<std::string>& names) {
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  for (const CLI::App* word : app.get_subcommands([](const CLI::App* /*any*/) { return true; })) {
    CollectOptionNames(*word, names);
  }
}

// The first that has to be there and is not, as the usage has it: CLI11 prefers the name of its option.
std::string MissingWord(const CLI::App& app) {
  for (const CLI::Option* option : app.get_options()) {
    if (!option->get_required() || option->count() > 0) continue;
    return option->get_positional() ? option->get_name(/*positional=*/true) : option->get_name();
  }
  return {};
}

// What CLI11 says, or for a word that it does not know, which one was meant.
std::string Complaint(const CLI::App& app, const CLI::ParseError& error) {
  if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) {
    if (const std::string missing = MissingWord(app); !missing.empty()) return missing + " is required";
  }
  const std::vector<std::string> left = app.remaining(/*recurse=*/true);
  if (dynamic_cast<const CLI::ExtrasError*>(&error) == nullptr || left.empty()) return error.what();
  const std::string typed = left[0].substr(0, left[0].find('='));
  if (!typed.starts_with("-")) return fmt::format("'{}' is one argument too many", typed);
  std::vector<std::string> names;
  CollectOptionNames(app, names);
  const std::vector<std::string> meant = NearestNames(typed, names);
  return fmt::format("there is no option {}{}", typed,
                     meant.empty() ? "" : "; did you mean " + Join(meant, " or ") + "?");
}

bool BeginsWithBracket(std::string_view word) {
  return word.substr(std::min(word.find_first_not_of(' '), word.size())).starts_with('[');
}

// CLI11 takes a word such as [1,2] apart where several words may stand. It does not with a blank in front, which is taken
// away again before the word comes to where it belongs.
void KeepBracketsWhole(CLI::App& app, std::vector<std::string>& words) {
  for (std::string& word : words) {
    if (BeginsWithBracket(word)) word.insert(0, 1, ' ');
  }
  for (CLI::Option* option : app.get_options([](const CLI::Option* /*any*/) { return true; })) {
    option->transform(
        [](const std::string& word) { return BeginsWithBracket(word) && word[0] == ' ' ? word.substr(1) : word; },
        /*description=*/"");
  }
}

int RunParsed(const ReadyCommand& ready, std::vector<std::string> words) {
  KeepBracketsWhole(*ready.app, words);
  std::reverse(words.begin(), words.end());  // as CLI11 wants them
  try {
    ready.app->parse(words);
  } catch (const CLI::ParseError& error) {
    return Complain(
        fmt::format("{}\n{} --help says what it takes", Complaint(*ready.app, error), ready.app->get_name()), kMisused);
  }
  const Expected<int> done = ready.action();
  if (done) return *done;
  return Complain(done.error().message(), kFailed);
}

bool AsksForHelp(std::span<const std::string> words) {
  const auto end = std::ranges::find(words, "--");
  return std::any_of(words.begin(), end, [](const std::string& word) { return word == "--help" || word == "-h"; });
}

int Run(const Command& command, const ProgramParts& parts, const std::vector<std::string>& arguments) {
  const std::vector<std::string> words(arguments.begin() + 2, arguments.end());
  if (AsksForHelp(words) && !command.describes_itself) {
    Say(HelpOf(command, parts));
    return kDone;
  }
  if (command.part != nullptr) return (parts.*command.part)(arguments);
  return RunParsed(SetUp(command, parts), words);
}

}  // namespace

int RunCommand(const ProgramParts& parts, const std::vector<std::string>& arguments) {
  const Command* const command = FindCommand(arguments[1]);
  if (command == nullptr) return Complain(NoSuchCommand(arguments[1]).message(), kMisused);
  const int exit_code = Run(*command, parts, arguments);
  const Status output = command->is_server ? Status() : CheckOutput();
  if (output.ok() || output.code() == StatusCode::kCancelled) return exit_code;
  return Complain(output.message(), exit_code == kDone ? command->failure_code : exit_code);
}

}  // namespace neso::command
