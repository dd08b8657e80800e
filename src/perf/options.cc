#include "perf/options.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "perf/option_checks.h"
#include "perf/option_table.h"
#include "perf/server_choice.h"

namespace neso::perf {
namespace {

// The options that say what load there is.
constexpr std::string_view kLoadModes[] = {"concurrency-range",  "periodic-concurrency-range",
                                           "request-rate-range", "request-intervals",
                                           "fixed-schedule",     "session-concurrency"};

constexpr const char* kOldConcurrency = "-t, -d or -c";

// Options that perf_analyzer has no names for: they are for TLS only.
constexpr std::string_view kOwnTlsOptions[] = {"cacert", "cert", "cert-key", "insecure"};

bool IsAmong(std::span<const std::string_view> names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

// "-m" or "--shape".
std::string NameOf(const OptionRow& option) {
  const bool is_short_only =
      option.letter != 0 && std::string_view("mxubifaHvztdc").find(option.letter) != std::string_view::npos;
  return is_short_only ? std::string("-") + option.letter : std::string("--") + option.name;
}

// An option, and the value that stands in the same word behind "=".
struct OptionWord {
  const OptionRow* option;
  std::optional<std::string_view> value;
};

Expected<OptionWord> ReadOptionWord(std::string_view word) {
  if (!word.starts_with('-') || word.size() < 2) return Unknown("Error: Unknown command-line argument.");
  const bool is_long = word.starts_with("--");
  std::optional<std::string_view> value;
  std::string_view name = word.substr(is_long ? 2 : 1);
  if (const size_t equals = name.find('='); is_long && equals != std::string_view::npos) {
    value = name.substr(equals + 1);
    name = name.substr(0, equals);
  }
  const std::span<const OptionRow> table = OptionTable();
  const auto option = std::ranges::find_if(table, [&](const OptionRow& known) {
    return is_long ? !name.empty() && known.name == name : name.size() == 1 && known.letter == name[0];
  });
  if (option == table.end())
    return Unknown("Error: Invalid {} option '{}{}'", is_long ? "long" : "short", is_long ? "--" : "-", name);
  return OptionWord{&*option, value};
}

void TakeOldConcurrency(Options& options) {
  const OldConcurrency& old = options.old_concurrency;
  const auto start = static_cast<double>(old.start.value_or(1));
  options.range = {start, old.grows ? static_cast<double>(old.end.value_or(0)) : start, 1};
  options.warnings.push_back(fmt::format("WARNING: {} are deprecated: use --concurrency-range {:g}{}", kOldConcurrency,
                                         start, old.grows ? fmt::format(":{:g}", options.range.end) : ""));
}

}  // namespace

Expected<Options> ParseOptions(const std::vector<std::string>& words) {
  Options options;
  std::vector<std::string> modes;
  GivenServer server;
  for (size_t i = 0; i < words.size(); i++) {
    ASSIGN_OR_RETURN(OptionWord word, ReadOptionWord(words[i]));
    if (word.option->value != nullptr && !word.value) {
      if (i + 1 == words.size()) return Unknown("Error: Missing value for option '{}'", words[i]);
      word.value = words[++i];
    }
    const std::string_view name = word.option->name;
    server.url |= name == "url";
    server.protocol |= name == "protocol";
    if (IsAmong(kOwnTlsOptions, name)) server.tls = name;
    if (IsAmong(kLoadModes, name)) modes.push_back(fmt::format("--{}", name));
    if (const Status taken = word.option->take(word.value.value_or(""), options); !taken.ok())
      return InvalidArg("Failed to parse {}. {}", NameOf(*word.option), taken.message());
    if (options.wants_version) return options;
  }
  if (options.old_concurrency.is_given()) {
    modes.emplace_back(kOldConcurrency);
    TakeOldConcurrency(options);
  }
  RETURN_IF_ERROR(ChooseServer(server, options));
  RETURN_IF_ERROR(CheckOptions(options, modes));
  if (options.load == LoadKind::kPeriodicConcurrency) options.request_count = static_cast<uint64_t>(options.range.end);
  return options;
}

std::string_view NameOf(ServiceKind kind) {
  switch (kind) {
    case ServiceKind::kServer: return "triton";
    case ServiceKind::kInProcess: return "triton_c_api";
    case ServiceKind::kOpenAi: return "openai";
  }
  return "";
}

std::string Usage() {
  std::string text = "Usage: neso perf -m NAME [OPTION]...\n\nLoads a server and measures it.\n\n";
  for (const OptionRow& option : OptionTable()) {
    const bool has_name = *option.name != '\0';
    const std::string letter =
        option.letter != 0 ? fmt::format("-{}{} ", option.letter, has_name ? "," : "") : std::string("    ");
    const std::string name =
        fmt::format("{}{} {}", has_name ? "--" : "", option.name, option.value != nullptr ? option.value : "");
    text += fmt::format("  {}{:<44} {}\n", letter, name, option.help);
  }
  return text;
}

PerfOutline OutlineOfPerf() {
  PerfOutline outline{.options = {}, .footer = "Example:\n  neso perf -m digits"};
  for (const OptionRow& row : OptionTable()) {
    PerfOption& option = outline.options.emplace_back();
    if (*row.name != '\0') option.names.push_back(fmt::format("--{}", row.name));
    if (row.letter != 0) option.names.push_back(fmt::format("-{}", row.letter));
    option.argument = row.value == nullptr ? "" : row.value;
    option.help = row.help;
  }
  return outline;
}

}  // namespace neso::perf
