#include "command/manual.h"

#include <algorithm>

#include "base/text.h"
#include "command/command_table.h"
#include "command/outline.h"

namespace neso::command {
namespace {

constexpr std::string_view kExample = "Example:\n";

constexpr const char* kExitCodes =
    ".SH EXIT STATUS\n"
    ".TP\n.B 0\nDone.\n"
    ".TP\n.B 1\nWhat was asked for failed, or the answer is no.\n"
    ".TP\n.B 2\nThe command line cannot be meant.\n";

// Behind those above, of commands that measure.
constexpr const char* kInterruptedCodes = ".TP\n.B 130, 143\nInterrupted by SIGINT, by SIGTERM.\n";

// perf_analyzer's.
constexpr const char* kPerfExitCodes =
    ".SH EXIT STATUS\n"
    ".TP\n.B 0\nMeasured.\n"
    ".TP\n.B 2\nNo load was stable.\n"
    ".TP\n.B 3\nAn option has a value that cannot be meant.\n"
    ".TP\n.B 99\nThere is no such option, or anything else went wrong.\n";

std::string Heading(const std::string& name, const std::string& summary, const ProgramParts& parts) {
  return fmt::format(".TH {} 1 \"\" \"neso {}\"\n.SH NAME\n{} \\- {}\n", RoffText(name), RoffText(parts.version),
                     RoffText(name), RoffText(summary));
}

std::string OptionEntry(const OptionOutline& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.names) names.push_back("\\fB" + RoffText(name) + "\\fR");
  const std::string argument =
      option.argument.empty() || option.positional ? "" : " \\fI" + RoffText(option.argument) + "\\fR";
  return fmt::format(".TP\n{}{}\n{}\n", Join(names, ", "), argument, RoffText(option.help));
}

// "[-u URL] MODEL"
std::string Synopsis(const Outline& outline) {
  std::string text = " [\\fIoption\\fR...]";
  for (const OptionOutline& option : outline.options) {
    if (option.place.empty()) continue;
    const std::string name = "\\fI" + RoffText(option.place) + "\\fR";
    text += option.required ? " " + name : " [" + name + "]";
  }
  return text;
}

void AppendSynopses(const std::string& program, const Outline& outline, std::string& page) {
  if (outline.words.empty()) page += ".B " + program + "\n" + Synopsis(outline).substr(1) + "\n.br\n";
  for (const Outline& word : outline.words) AppendSynopses(program + " " + word.name, word, page);
}

}  // namespace

std::string RoffText(std::string_view text) {
  std::string escaped;
  bool line_begins = true;
  for (const char c : text) {
    if (line_begins && (c == '.' || c == '\'')) escaped += "\\&";
    if (c == '\\') {
      escaped += "\\e";
    } else if (c == '-') {
      escaped += "\\-";
    } else {
      escaped += c;
    }
    line_begins = c == '\n';
  }
  return escaped;
}

std::string PageOf(const Command& command, const ProgramParts& parts) {
  const Outline outline = OutlineOf(*SetUp(command, parts).app, command.name);
  std::string page = Heading(std::string("neso-") + command.name, command.summary, parts) + ".SH SYNOPSIS\n";
  AppendSynopses(std::string("neso ") + command.name, outline, page);
  page += ".SH OPTIONS\n";
  for (const OptionOutline& option : outline.options) page += OptionEntry(option);
  for (const Outline& word : outline.words) {
    page += fmt::format(".SS {}\n{}\n", RoffText(word.name), RoffText(word.summary));
    for (const OptionOutline& option : word.options) page += OptionEntry(option);
  }
  const size_t example = std::min(outline.footer.find(kExample), outline.footer.size());
  const std::string more = outline.footer.substr(0, outline.footer.find('\n'));
  if (example > 0) page += ".PP\n" + RoffText(more) + "\n";
  page += command.name == std::string_view("perf") ? kPerfExitCodes : kExitCodes;
  if (command.part == &ProgramParts::perf) page += kInterruptedCodes;
  if (example < outline.footer.size())
    page += ".SH EXAMPLES\n.nf\n" + RoffText(outline.footer.substr(example + kExample.size())) + "\n.fi\n";
  return page + ".SH SEE ALSO\n.BR neso (1)\n";
}

std::string MainPage(const ProgramParts& parts) {
  std::string page = Heading("neso", "serve trained models, and ask servers of them", parts);
  page +=
      ".SH SYNOPSIS\n.B neso\n\\-\\-model\\-repository=\\fIfolder\\fR [\\fIoption\\fR...]\n.br\n"
      ".B neso\n\\fIcommand\\fR [\\fIoption\\fR...]\n"
      ".SH COMMANDS\n";
  for (const Command& command : Commands()) {
    page += fmt::format(".TP\n.BR neso\\-{} (1)\n{}.\n", RoffText(command.name), RoffText(command.summary));
  }
  page += ".SH OPTIONS OF THE SERVER\n";
  std::string group;
  for (const ServerOption& option : parts.server_options()) {
    if (option.group != group) page += ".SS " + RoffText(option.group) + "\n";
    group = option.group;
    page += fmt::format(".TP\n\\fB\\-\\-{}\\fR {}\n{}\n", RoffText(option.name), RoffText(option.argument),
                        RoffText(option.help));
  }
  return page + kExitCodes;
}

}  // namespace neso::command
