#include "perf/own_words.h"

#include <algorithm>
#include <cmath>

#include "perf/output.h"

namespace neso::perf {
namespace {

PerfOption OptionOf(const CLI::Option& told) {
  PerfOption option{.names = {}, .argument = {}, .help = told.get_description(), .is_required = told.get_required()};
  if (!told.nonpositional()) option.names.push_back(told.get_name(/*positional=*/true));
  for (const std::string& name : told.get_lnames()) option.names.push_back("--" + name);
  for (const std::string& name : told.get_snames()) option.names.push_back("-" + name);
  if (told.get_items_expected_max() > 0) option.argument = told.get_type_name();
  return option;
}

}  // namespace

CLI::Validator AboveZero() {
  const auto check = [](const std::string& text) -> std::string {
    double number = 0;
    // CLI11's own takes nan, which is not below 0.
    if (CLI::detail::lexical_cast(text, number) && number > 0 && std::isfinite(number)) return {};
    return "expected a number above 0, got '" + text + "'";
  };
  return {check, "", ""};
}

Expected<std::optional<std::vector<std::string>>> ReadOwnWords(CLI::App& app, const std::vector<std::string>& words) {
  const auto separator = std::ranges::find(words, "--");
  std::vector<std::string> behind;
  if (separator != words.end()) behind.assign(separator + 1, words.end());
  std::vector<std::string> own(words.begin(), separator);
  std::ranges::reverse(own);  // as CLI11 wants them
  try {
    app.parse(own);
  } catch (const CLI::CallForHelp&) {
    Say(app.help());
    return std::optional<std::vector<std::string>>();
  } catch (const CLI::ParseError& error) {
    return InvalidArg("{}\n{} --help says what it takes", error.what(), app.get_name());
  }
  return std::optional(std::move(behind));
}

PerfOutline OutlineOf(const CLI::App& app) {
  PerfOutline outline{.options = {}, .footer = app.get_footer()};
  for (const CLI::Option* const told : app.get_options()) {
    if (told != app.get_help_ptr()) outline.options.push_back(OptionOf(*told));
  }
  return outline;
}

}  // namespace neso::perf
