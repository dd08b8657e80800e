#include "server/options.h"

#include <getopt.h>

#include <cstdlib>

#include "server/option_checks.h"
#include "server/option_help.h"
#include "server/option_spec.h"

namespace neso {
namespace {

// getopt_long gives back an option's `val`; below 256 it could be mistaken for its own answers ('?').
constexpr int kFirstOption = 256;

// getopt_long rather than an option library of C++: that unambiguous beginnings of names are accepted, that "--name
// value" takes whatever comes next, and which mistakes it finds, is what scripts written for tritonserver rely on.
std::vector<option> LongOptions(const std::vector<const OptionSpec*>& specs) {
  std::vector<option> long_options;
  for (size_t i = 0; i < specs.size(); ++i) {
    long_options.push_back({.name = specs[i]->name,
                            .has_arg = specs[i]->argument_form == nullptr ? no_argument : required_argument,
                            .flag = nullptr,
                            .val = kFirstOption + static_cast<int>(i)});
  }
  long_options.push_back({});
  return long_options;
}

std::vector<const OptionSpec*> AllSpecs() {
  std::vector<const OptionSpec*> specs;
  for (const OptionGroup& group : OptionGroups()) {
    for (const OptionSpec& spec : group.options) specs.push_back(&spec);
  }
  return specs;
}

// Runs the rows for the arguments. Error: the text to show behind the usage; empty for --help and what getopt_long has
// already complained about.
Status RunRows(std::vector<std::string>& arguments, ParseState& state) {
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const int argc = static_cast<int>(arguments.size());
  const std::vector<const OptionSpec*> specs = AllSpecs();
  const std::vector<option> long_options = LongOptions(specs);

  optind = 0;  // glibc: start over
  for (int found; (found = getopt_long(argc, argv.data(), "", long_options.data(), nullptr)) != -1;) {
    if (found == '?') return InvalidArg("");
    const OptionSpec& spec = *specs[static_cast<size_t>(found - kFirstOption)];
    if (std::string_view(spec.name) == "help") return InvalidArg("");
    state.options.given.insert(spec.name);
    if (Status status = spec.set(state, optarg != nullptr ? optarg : ""); !status.ok()) {
      return InvalidArg("Bad option: \"--{}\".\n{}", spec.name, status.message());
    }
  }
  if (optind < argc) return InvalidArg("Unexpected argument: {}", argv[static_cast<size_t>(optind)]);
  return {};
}

}  // namespace

Options::Options() {
  server.control_mode = TRITONSERVER_MODEL_CONTROL_NONE;
  server.strict_model_config = false;
}

const std::vector<OptionGroup>& OptionGroups() {
  static const std::vector<OptionGroup> groups = {
      GlobalOptions(),     ServerGroup(),          LoggingGroup(),       ModelRepositoryGroup(), HttpGroup(),
      GrpcGroup(),         SagemakerGroup(),       VertexGroup(),        MetricsGroup(),         TracingGroup(),
      BackendGroup(),      RepositoryAgentGroup(), ResponseCacheGroup(), RateLimiterGroup(),     MemoryGroup(),
      SharedMemoryGroup(), DeprecatedGroup(),
  };
  return groups;
}

const char* ProcessEnvironment(const char* name) { return std::getenv(name); }

ParseResult ParseOptions(std::vector<std::string> arguments, const Environment& environment) {
  ParseState state;
  Status status = ApplyEnvironmentDefaults(state, environment);
  if (status.ok()) status = RunRows(arguments, state);
  if (status.ok()) status = FinishOptions(state, environment);
  ParseResult result;
  result.warnings = std::move(state.warnings);
  if (status.ok()) {
    result.options = std::move(state.options);
  } else {
    result.failure_text = UsageText() + "\n" + status.message() + "\n";
  }
  return result;
}

}  // namespace neso
