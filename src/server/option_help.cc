#include "server/option_help.h"

#include <string_view>

#include "base/text.h"
#include "engine/inference_server.h"

namespace neso {
namespace {

constexpr size_t kDescriptionWidth = 60;

void AppendWrapped(std::string& out, std::string_view description) {
  size_t width = kDescriptionWidth + 1;  // beyond the limit: the first word opens a line
  for (std::string_view word : Split(description, ' ')) {
    if (width + 1 + word.size() > kDescriptionWidth) {
      out += "\n\t";
      width = 0;
    } else {
      out += ' ';
      ++width;
    }
    out += word;
    width += word.size();
  }
}

}  // namespace

std::string OptionText(const OptionSpec& option) {
  std::string out = fmt::format("  --{}", option.name);
  if (option.argument_form != nullptr) {
    const std::string_view form = option.argument_form;
    // Forms of several parts carry their own brackets.
    out.append(form.starts_with('<') ? fmt::format(" {}", form) : fmt::format(" <{}>", form));
  }
  AppendWrapped(out, option.help);
  return out + '\n';
}

std::string UsageText(Program program) {
  std::string text = fmt::format("Usage: {} [options]\n", ProgramName(program));
  for (const OptionGroup& group : OptionGroups()) {
    if (*group.title != '\0') text.append("\n").append(group.title).append(":\n");
    for (const OptionSpec& option : group.options) {
      if (program == Program::kNeso || option.tritonserver_has_it) text += OptionText(option);
    }
  }
  if (program == Program::kNeso) text += "\nneso help lists the commands that do something else.\n";
  return text;
}

std::string VersionText() {
  return fmt::format("neso {} (speaks Triton Inference Server {})\n", NESO_VERSION, kServerVersion);
}

}  // namespace neso
