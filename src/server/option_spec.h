// One row per option: what it is called, what it takes, what it does. The parser, the help and the tests walk the rows.
//
//   {"http-port", "integer", "The port of the HTTP service.", SetPort<&Options::http, &HttpOptions::port>},
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "server/option_values.h"
#include "server/options.h"

namespace neso {

// What rows write to: the options, and what can be decided only when the whole command line has been seen.
struct ParseState {
  Options options;
  std::vector<std::string> warnings;

  bool auto_complete_disabled = false;
  std::optional<std::string> response_cache_bytes;  // the deprecated option
  std::map<std::string, Settings> cache_settings;   // by cache name
  bool trace_off_given = false;
  std::set<std::string> http_limits_given, grpc_limits_given;  // names of limits
  std::set<std::string> trace_config_given;                    // settings that --trace-config named
  struct {
    std::optional<uint32_t> level;
    bool off = false;
    std::optional<int> rate, count, log_frequency;
    std::optional<std::string> file;
  } deprecated_trace;
};

// The name it was called by. As tritonserver it refuses a command line as scripts know it: the whole usage on stderr
// and exit code 1, for --help too. As neso it answers people.
enum class Program { kNeso, kTritonserver };
Program ProgramOf(std::string_view called_as);
const char* ProgramName(Program program);

struct OptionSpec {
  const char* name;           // without "--"
  const char* argument_form;  // "integer", "<string>=<string>", ...; null: the option takes no argument
  const char* help;
  // Errors: kInvalidArg with the reason; the caller names the option.
  Status (*set)(ParseState& state, const std::string& argument);
  bool tritonserver_has_it = true;
};

struct OptionGroup {
  const char* title;  // empty for the global group
  std::span<const OptionSpec> options;
};

// In help order. Built from the tables of option_table_*.cc.
const std::vector<OptionGroup>& OptionGroups();

OptionGroup GlobalOptions();
OptionGroup ServerGroup();
OptionGroup LoggingGroup();
OptionGroup ModelRepositoryGroup();
OptionGroup ObjectStorageGroup();
OptionGroup HttpGroup();
OptionGroup GrpcGroup();
OptionGroup SagemakerGroup();
OptionGroup VertexGroup();
OptionGroup MetricsGroup();
OptionGroup AccessGroup();
OptionGroup TracingGroup();
OptionGroup BackendGroup();
OptionGroup RepositoryAgentGroup();
OptionGroup ResponseCacheGroup();
OptionGroup RateLimiterGroup();
OptionGroup MemoryGroup();
OptionGroup SharedMemoryGroup();
OptionGroup DeprecatedGroup();

// The field at the end of a path of members: MemberAt<&Options::http, &HttpOptions::port>(options).
template <auto kFirst, auto... kRest, typename Object>
auto& MemberAt(Object& object) {
  if constexpr (sizeof...(kRest) == 0) {
    return object.*kFirst;
  } else {
    return MemberAt<kRest...>(object.*kFirst);
  }
}

// A regular expression for the names of headers; an empty one stands for none of them.
template <auto... kPath>
Status SetHeaderForwarder(ParseState& state, const std::string& argument) {
  auto& forwarder = MemberAt<kPath...>(state.options);
  forwarder = nullptr;
  if (argument.empty()) return {};
  ASSIGN_OR_RETURN(forwarder, HeaderForwarder::Create(argument));
  return {};
}

// Row actions for the common case: the argument, converted to the field's type, is the field's value.
template <auto... kPath>
Status Set(ParseState& state, const std::string& argument) {
  auto& field = MemberAt<kPath...>(state.options);
  ASSIGN_OR_RETURN(field, ParseValue<std::remove_reference_t<decltype(field)>>(argument));
  return {};
}

// A number of threads: no machine is better off with more, and a mistyped one takes it down.
inline constexpr int kMaxThreads = 1024;
template <auto... kPath>
Status SetThreads(ParseState& state, const std::string& argument) {
  using Number = std::remove_reference_t<decltype(MemberAt<kPath...>(state.options))>;
  ASSIGN_OR_RETURN(const Number threads, ParseValue<Number>(argument));
  if (threads > static_cast<Number>(kMaxThreads)) {
    return InvalidArg("expected at most {} threads. Got {}", kMaxThreads, argument);
  }
  MemberAt<kPath...>(state.options) = threads;
  return {};
}

template <auto... kPath>
Status SetPort(ParseState& state, const std::string& argument) {
  ASSIGN_OR_RETURN(MemberAt<kPath...>(state.options), ParsePort(argument));
  return {};
}

// --*-use-ssl-mutual: speaks TLS whatever the value, as scripts know it.
template <auto... kPath>
Status SetMutualTls(ParseState& state, const std::string& argument) {
  TlsOptions& tls = MemberAt<kPath...>(state.options);
  ASSIGN_OR_RETURN(tls.mutual, ParseValue<bool>(argument));
  tls.use = true;
  return {};
}

template <auto... kPath>
Status Insert(ParseState& state, const std::string& argument) {
  MemberAt<kPath...>(state.options).insert(argument);
  return {};
}

}  // namespace neso
