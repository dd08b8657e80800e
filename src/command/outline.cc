#include "command/outline.h"

#include "base/text.h"
#include "command/command_table.h"

namespace neso::command {
namespace {

// CLI11 writes what is allowed into the type's name: "TEXT:{bash,fish,zsh}".
std::vector<std::string> ChoicesIn(const std::string& type) {
  const size_t begin = type.find('{');
  const size_t end = type.find('}');
  std::vector<std::string> choices;
  if (begin == std::string::npos || end == std::string::npos) return choices;
  for (const std::string_view choice : Split(std::string_view(type).substr(begin + 1, end - begin - 1), ',')) {
    choices.emplace_back(choice);
  }
  return choices;
}

OptionOutline OutlineOf(const CLI::Option& option) {
  OptionOutline outline{.help = option.get_description(),
                        .choices = ChoicesIn(option.get_type_name()),
                        .required = option.get_required(),
                        .place = option.get_positional() ? option.get_name(/*positional=*/true) : "",
                        .positional = !option.nonpositional()};
  for (const std::string& name : option.get_lnames()) outline.names.push_back("--" + name);
  for (const std::string& name : option.get_snames()) outline.names.push_back("-" + name);
  if (outline.positional) outline.names.push_back(outline.place);
  if (option.get_items_expected_max() > 0) {
    outline.argument = outline.choices.empty() ? option.get_type_name() : Join(outline.choices, "|");
    if (outline.argument.empty()) outline.argument = "VALUE";
  }
  return outline;
}

}  // namespace

Outline OutlineOf(const CLI::App& app, std::string name) {
  Outline outline{.name = std::move(name), .summary = app.get_description(), .footer = app.get_footer()};
  for (const CLI::Option* option : app.get_options()) outline.options.push_back(OutlineOf(*option));
  // Without a filter they come twice: once for each list that CLI11 keeps.
  for (const CLI::App* word : app.get_subcommands([](const CLI::App* /*any*/) { return true; })) {
    outline.words.push_back(OutlineOf(*word, word->get_name()));
  }
  return outline;
}

std::vector<Outline> OutlineOfCommands(const ProgramParts& parts) {
  std::vector<Outline> outlines;
  for (const Command& command : Commands()) outlines.push_back(OutlineOf(*SetUp(command, parts).app, command.name));
  return outlines;
}

}  // namespace neso::command
