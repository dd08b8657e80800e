#include "server/options.h"

#include <getopt.h>

#include <cstdlib>

#include "base/text.h"
#include "server/option_checks.h"
#include "server/option_complaint.h"
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

std::vector<const OptionSpec*> SpecsOf(Program program) {
  std::vector<const OptionSpec*> specs;
  for (const OptionGroup& group : OptionGroups()) {
    for (const OptionSpec& spec : group.options) {
      if (program == Program::kNeso || spec.tritonserver_has_it) specs.push_back(&spec);
    }
  }
  return specs;
}

// Why the options cannot be used, or else the answer that was asked for, or neither.
struct Outcome {
  std::optional<Complaint> complaint;
  std::string answer;
};

// The arguments, run through getopt_long and the rows.
class CommandLine {
 public:
  CommandLine(std::vector<std::string>& arguments, Program program)
      : program_(program), specs_(SpecsOf(program)), long_options_(LongOptions(specs_)) {
    for (std::string& argument : arguments) argv_.push_back(argument.data());
    argv_.push_back(nullptr);
  }

  Outcome RunRows(ParseState& state) {
    // A ':' first keeps getopt_long from complaining itself. Only people are given short options.
    const char* const short_options = program_ == Program::kNeso ? ":h" : "";
    const int argc = static_cast<int>(argv_.size()) - 1;
    optind = 0;  // glibc: start over
    for (int found; (found = getopt_long(argc, argv_.data(), short_options, long_options_.data(), nullptr)) != -1;) {
      if (found == '?' || found == ':') return {.complaint = Refused(found), .answer = {}};
      if (found == 'h') return {.complaint = {}, .answer = UsageText(program_)};
      const OptionSpec& spec = SpecOf(found);
      if (std::string_view(spec.name) == "help") return {.complaint = {}, .answer = UsageText(program_)};
      if (std::string_view(spec.name) == "version") return {.complaint = {}, .answer = VersionText()};
      state.options.given.insert(spec.name);
      if (Status status = spec.set(state, optarg != nullptr ? optarg : ""); !status.ok()) {
        return {.complaint = Complaint{Complaint::Kind::kBadValue, &spec, status.message()}, .answer = {}};
      }
    }
    if (optind == argc) return {};
    return {.complaint = Complaint{Complaint::Kind::kStrayArgument, nullptr, argv_[static_cast<size_t>(optind)]},
            .answer = {}};
  }

 private:
  const OptionSpec& SpecOf(int found) const { return *specs_[static_cast<size_t>(found - kFirstOption)]; }

  // What getopt_long does not take: `optopt` is the option it knows but not in this form, the letter it does not know,
  // or 0 for a name it does not know.
  Complaint Refused(int found) const {
    if (optopt >= kFirstOption) {
      const OptionSpec& spec = SpecOf(optopt);
      return {found == ':' || spec.argument_form != nullptr ? Complaint::Kind::kMissingValue
                                                            : Complaint::Kind::kUnwantedValue,
              &spec};
    }
    if (optopt == 0) return {Complaint::Kind::kUnknownOption, nullptr, argv_[static_cast<size_t>(optind) - 1]};
    // Among letters it does not tell which argument it is at.
    for (size_t i = 1; i + 1 < argv_.size(); ++i) {
      const std::string_view argument = argv_[i];
      if (argument.size() > 1 && argument[0] == '-' && argument[1] == optopt) {
        return {Complaint::Kind::kUnknownOption, nullptr, std::string(argument)};
      }
    }
    return {Complaint::Kind::kUnknownOption, nullptr, std::string("-") + static_cast<char>(optopt)};
  }

  const Program program_;
  const std::vector<const OptionSpec*> specs_;
  const std::vector<option> long_options_;
  std::vector<char*> argv_;
};

Outcome Run(std::vector<std::string>& arguments, Program program, const Environment& environment, ParseState& state) {
  const auto contradiction = [](const Status& status) {
    return Outcome{.complaint = Complaint{Complaint::Kind::kContradiction, nullptr, status.message()}, .answer = {}};
  };
  if (Status status = ApplyEnvironmentDefaults(state, environment); !status.ok()) return contradiction(status);
  Outcome outcome = CommandLine(arguments, program).RunRows(state);
  if (outcome.complaint || !outcome.answer.empty()) return outcome;
  if (Status status = FinishOptions(state, environment); !status.ok()) return contradiction(status);
  return {};
}

}  // namespace

Options::Options() {
  server.control_mode = TRITONSERVER_MODEL_CONTROL_NONE;
  server.strict_model_config = false;
}

const std::vector<OptionGroup>& OptionGroups() {
  static const std::vector<OptionGroup> groups = {
      GlobalOptions(),    ServerGroup(),  LoggingGroup(),      ModelRepositoryGroup(), ObjectStorageGroup(),
      HttpGroup(),        GrpcGroup(),    SagemakerGroup(),    VertexGroup(),          MetricsGroup(),
      AccessGroup(),      TracingGroup(), BackendGroup(),      RepositoryAgentGroup(), ResponseCacheGroup(),
      RateLimiterGroup(), MemoryGroup(),  SharedMemoryGroup(), DeprecatedGroup(),
  };
  return groups;
}

const char* ProcessEnvironment(const char* name) { return std::getenv(name); }

Program ProgramOf(std::string_view called_as) {
  return BaseName(called_as) == ProgramName(Program::kTritonserver) ? Program::kTritonserver : Program::kNeso;
}

const char* ProgramName(Program program) { return program == Program::kTritonserver ? "tritonserver" : "neso"; }

ParseResult ParseOptions(std::vector<std::string> arguments, const Environment& environment) {
  const Program program = ProgramOf(arguments.empty() ? "" : arguments.front());
  ParseState state;
  Outcome outcome = Run(arguments, program, environment, state);
  ParseResult result;
  result.warnings = std::move(state.warnings);
  if (outcome.complaint) {
    result.failure_text = ComplaintText(program, *outcome.complaint);
  } else if (program == Program::kTritonserver && !outcome.answer.empty()) {
    result.failure_text = outcome.answer + "\n\n";  // there, asking for help counts as a mistake
  } else if (!outcome.answer.empty()) {
    result.answer = std::move(outcome.answer);
  } else {
    result.options = std::move(state.options);
  }
  return result;
}

}  // namespace neso
