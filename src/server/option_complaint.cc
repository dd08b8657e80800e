#include "server/option_complaint.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "base/nearest.h"
#include "base/text.h"
#include "server/option_help.h"

namespace neso {
namespace {

std::string ForScripts(const Complaint& complaint) {
  switch (complaint.kind) {
    case Complaint::Kind::kBadValue:
      return fmt::format("Bad option: \"--{}\".\n{}", complaint.option->name, complaint.text);
    case Complaint::Kind::kStrayArgument: return "Unexpected argument: " + complaint.text;
    case Complaint::Kind::kContradiction: return complaint.text;
    // getopt_long has said it.
    case Complaint::Kind::kUnknownOption:
    case Complaint::Kind::kMissingValue:
    case Complaint::Kind::kUnwantedValue: break;
  }
  return {};
}

std::vector<std::string> OptionNames() {
  std::vector<std::string> names;
  for (const OptionGroup& group : OptionGroups()) {
    for (const OptionSpec& option : group.options) names.emplace_back(option.name);
  }
  return names;
}

// "--a, --b or --c"
std::string Choices(const std::vector<std::string>& names) {
  std::string choices;
  for (size_t i = 0; i < names.size(); ++i) {
    if (i > 0) choices += i + 1 == names.size() ? " or " : ", ";
    choices += "--" + names[i];
  }
  return choices;
}

std::string AboutUnknown(std::string_view typed) {
  const std::string_view shown = typed.substr(0, typed.find('='));
  const std::string_view name = shown.substr(std::min(shown.find_first_not_of('-'), shown.size()));
  std::vector<std::string> sharing = OptionNames();
  if (shown.starts_with("--")) {
    std::erase_if(sharing, [&](const std::string& option) { return !option.starts_with(name); });
    if (sharing.size() > 1) return fmt::format("{} could be {}", shown, Choices(sharing));
  }
  const std::vector<std::string> nearest = NearestNames(name, OptionNames());
  if (nearest.empty()) return fmt::format("unknown option {}; neso --help lists them", shown);
  return fmt::format("unknown option {}; did you mean {}?", shown, Choices(nearest));
}

std::string AboutStray(std::string_view argument) {
  constexpr std::string_view kOnnx = ".onnx";
  if (argument.ends_with(kOnnx)) {
    std::string_view model = BaseName(argument);
    model.remove_suffix(kOnnx.size());
    return fmt::format(
        "'{}' is not an option; models are served from a folder: put it at FOLDER/{}/1/model.onnx, then "
        "neso --model-repository=FOLDER",
        argument, model.empty() ? "mymodel" : model);
  }
  return fmt::format("'{0}' is not an option; did you mean --model-repository={0}?", argument);
}

// Some of the texts that scripts know begin with a word that is said already.
std::string_view Bare(std::string_view reason) {
  constexpr std::string_view kSaid = "Error: ";
  return reason.starts_with(kSaid) ? reason.substr(kSaid.size()) : reason;
}

std::string ForPeople(const Complaint& complaint) {
  switch (complaint.kind) {
    case Complaint::Kind::kUnknownOption: return AboutUnknown(complaint.text);
    case Complaint::Kind::kMissingValue: return fmt::format("--{} needs a value", complaint.option->name);
    case Complaint::Kind::kUnwantedValue: return fmt::format("--{} takes no value", complaint.option->name);
    case Complaint::Kind::kBadValue: return fmt::format("--{}: {}", complaint.option->name, Bare(complaint.text));
    case Complaint::Kind::kStrayArgument: return AboutStray(complaint.text);
    case Complaint::Kind::kContradiction: break;
  }
  return std::string(Bare(complaint.text));
}

}  // namespace

std::string ComplaintText(Program program, const Complaint& complaint) {
  if (program == Program::kTritonserver) return UsageText(program) + "\n" + ForScripts(complaint) + "\n";
  const std::string about = complaint.option != nullptr ? OptionText(*complaint.option) : "";
  return about + "error: " + ForPeople(complaint) + "\n";
}

}  // namespace neso
