#include "command/completion_command.h"

#include <memory>

#include "base/text.h"
#include "command/say.h"

namespace neso::command {
namespace {

std::vector<std::string> NamesOf(const std::vector<Outline>& outlines) {
  std::vector<std::string> names;
  for (const Outline& outline : outlines) names.push_back(outline.name);
  return names;
}

// All that may begin a word behind the outline's name: its options, and the words of its own.
std::string WordsOf(const Outline& outline) {
  std::vector<std::string> words = NamesOf(outline.words);
  for (const OptionOutline& option : outline.options) {
    if (option.positional) {
      words.insert(words.end(), option.choices.begin(), option.choices.end());
      continue;
    }
    for (const std::string& name : option.names) {
      words.push_back(name.starts_with("--") && !option.argument.empty() ? name + "=" : name);
    }
  }
  return Join(words, " ");
}

// How a shell says it.
struct Shell {
  int first;                    // the index of the word behind a command's name
  std::string_view index;       // of the word that is completed
  std::string_view word;        // the word behind the command's name
  std::string_view begin, end;  // of a list
};
constexpr Shell kBash = {2, "$COMP_CWORD", "${COMP_WORDS[2]}", "'", "'"};
constexpr Shell kZsh = {3, "$CURRENT", "${(Q)${(z)BUFFER}[3]}", "(", ")"};

// What gives the shell's variable `words` all that may stand where a word is completed behind a command's name.
std::string SetWords(const Outline& command, const Shell& shell) {
  const auto assign = [&shell](const Outline& outline) {
    return fmt::format("words={}{}{}", shell.begin, WordsOf(outline), shell.end);
  };
  if (command.words.empty()) return assign(command);
  std::string text =
      fmt::format("case {}:{} in\n      {}:*) {} ;;\n", shell.index, shell.word, shell.first, assign(command));
  for (const Outline& word : command.words) text += fmt::format("      *:{}) {} ;;\n", word.name, assign(word));
  return text + "      esac";
}

void AppendChoices(const Outline& outline, std::string& cases) {
  for (const OptionOutline& option : outline.options) {
    if (option.positional || option.choices.empty()) continue;
    cases += fmt::format("    {}:{}) words='{}' ;;\n", outline.name, Join(option.names, "|" + outline.name + ":"),
                         Join(option.choices, " "));
  }
}

// Within '...' of fish.
std::string FishQuoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "'";
}

std::string FishOption(const std::string& condition, const OptionOutline& option) {
  std::string line = fmt::format("complete -c neso -n {}", FishQuoted(condition));
  for (const std::string& name : option.names) {
    line += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  }
  if (!option.argument.empty())
    line += option.choices.empty() ? " -r -F" : " -x -a " + FishQuoted(Join(option.choices, " "));
  return line + " -d " + FishQuoted(option.help) + "\n";
}

Expected<int> Complete(const std::string& shell, const ProgramParts& parts) {
  const std::vector<Outline> commands = OutlineOfCommands(parts);
  const std::vector<ServerOption> options = parts.server_options();
  std::vector<std::string> names;
  for (const ServerOption& option : options) names.push_back("--" + option.name + (option.argument.empty() ? "" : "="));
  const std::string text = shell == "bash"  ? BashCompletion(commands, names)
                           : shell == "zsh" ? ZshCompletion(commands, names)
                                            : FishCompletion(commands, options);
  Say(text);
  return kDone;
}

}  // namespace

std::string BashCompletion(const std::vector<Outline>& commands, const std::vector<std::string>& server_options) {
  std::string cases, choices;
  for (const Outline& command : commands) {
    cases += fmt::format("    {}) {} ;;\n", command.name, SetWords(command, kBash));
    AppendChoices(command, choices);
  }
  // bash takes "--name=value" apart at the sign.
  return fmt::format(
      "_neso() {{\n"
      "  local words='' current=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}}\n"
      "  [ \"$current\" = = ] && current=''\n"
      "  [ \"$before\" = = ] && before=${{COMP_WORDS[COMP_CWORD-2]}}\n"
      "  case $COMP_CWORD:$current in\n"
      "    1:-*) words='{0}' ;;\n"
      "    1:*) words='{1}' ;;\n"
      "    *) case ${{COMP_WORDS[1]}} in\n"
      "    -*) words='{0}' ;;\n"
      "    help) words='{1}' ;;\n"
      "{2}"
      "    esac ;;\n"
      "  esac\n"
      "  case ${{COMP_WORDS[1]}}:$before in\n"
      "    :) ;;\n"
      "{3}"
      "  esac\n"
      "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
      "  case ${{COMPREPLY[0]}} in *=) compopt -o nospace ;; esac\n"
      "}}\n"
      "complete -o default -F _neso neso\n",
      Join(server_options, " "), Join(NamesOf(commands), " "), cases, choices);
}

std::string ZshCompletion(const std::vector<Outline>& commands, const std::vector<std::string>& server_options) {
  std::string names, cases;
  for (const Outline& command : commands) {
    std::string summary;
    for (const char c : command.summary) summary += c == '\'' ? "’" : std::string(1, c);
    names += fmt::format("    '{}:{}'\n", command.name, summary);
    cases += fmt::format("    {}) {} ;;\n", command.name, SetWords(command, kZsh));
  }
  return fmt::format(
      "#compdef neso\n"
      "local -a commands words\n"
      "commands=(\n{}  )\n"
      "if (( CURRENT == 2 )) && [[ $words[2] != -* && $PREFIX != -* ]]; then\n"
      "  _describe command commands\n"
      "  return\n"
      "fi\n"
      "local command=${{(Q)${{(z)BUFFER}}[2]}}\n"
      "case $command in\n"
      "    -*) words=({}) ;;\n"
      "    help) words=(${{commands%%:*}}) ;;\n"
      "{}"
      "esac\n"
      "compadd -S '' -- ${{(M)words:#*=}}\n"
      "compadd -- ${{words:#*=}}\n"
      "_files\n",
      names, Join(server_options, " "), cases);
}

std::string FishCompletion(const std::vector<Outline>& commands, const std::vector<ServerOption>& server_options) {
  std::string text;
  for (const Outline& command : commands) {
    text += fmt::format("complete -c neso -n __fish_use_subcommand -f -a {} -d {}\n", command.name,
                        FishQuoted(command.summary));
  }
  for (const ServerOption& option : server_options) {
    text +=
        FishOption("__fish_use_subcommand",
                   {.names = {"--" + option.name}, .argument = option.argument, .help = option.help, .choices = {}});
  }
  for (const Outline& command : commands) {
    const std::string condition = "__fish_seen_subcommand_from " + command.name;
    for (const OptionOutline& option : command.options) {
      if (!option.positional) {
        text += FishOption(condition, option);
      } else if (!option.choices.empty()) {
        text += fmt::format("complete -c neso -n {} -f -a {}\n", FishQuoted(condition),
                            FishQuoted(Join(option.choices, " ")));
      }
    }
    const std::string has_none =
        condition + "; and not __fish_seen_subcommand_from " + Join(NamesOf(command.words), " ");
    for (const Outline& word : command.words) {
      text += fmt::format("complete -c neso -n {} -f -a {} -d {}\n", FishQuoted(has_none), word.name,
                          FishQuoted(word.summary));
      for (const OptionOutline& option : word.options) {
        if (!option.positional) text += FishOption("__fish_seen_subcommand_from " + word.name, option);
      }
    }
  }
  return text;
}

Action SetUpCompletion(CLI::App& app, const ProgramParts& parts) {
  auto shell = std::make_shared<std::string>();
  app.add_option("SHELL", *shell, "The shell.")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
  app.footer(
      "Example:\n  neso completion bash > ~/.local/share/bash-completion/completions/neso\n"
      "  neso completion zsh > \"${fpath[1]}/_neso\"\n"
      "  neso completion fish > ~/.config/fish/completions/neso.fish");
  return [shell, &parts] { return Complete(*shell, parts); };
}

}  // namespace neso::command
