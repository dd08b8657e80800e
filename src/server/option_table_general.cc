// Options of the process itself: help, identity, log, model repository.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <filesystem>

#include "base/log_json.h"
#include "base/memory_budget.h"
#include "base/text.h"
#include "server/option_spec.h"

namespace neso {
namespace {

// The driver answers these before any row runs.
Status Answered(ParseState&, const std::string&) { return {}; }

Status LogVerbose(ParseState& state, const std::string& argument) {
  ASSIGN_OR_RETURN(const int level, ParseIntOrBool(argument));
  state.options.log.verbose_level = std::max(0, level);
  return {};
}

Status SetLogFormat(ParseState& state, const std::string& argument) {
  if (argument == "default") {
    state.options.log.format = LogFormat::kDefault;
  } else if (argument == "ISO8601") {
    state.options.log.format = LogFormat::kIso8601;
  } else if (argument == "json") {
    state.options.log.format = log::kJsonFormat;
  } else {
    return InvalidArg("invalid argument for --log-format");
  }
  return {};
}

Status DisableAutoComplete(ParseState& state, const std::string&) {
  state.auto_complete_disabled = true;
  return {};
}

Status ControlMode(ParseState& state, const std::string& argument) {
  const std::string mode = ToLowerAscii(argument);
  // Load and unload requests are taken there as in explicit mode.
  state.options.server.load_on_demand = mode == "on_demand";
  if (mode == "none") {
    state.options.server.control_mode = TRITONSERVER_MODEL_CONTROL_NONE;
  } else if (mode == "poll") {
    state.options.server.control_mode = TRITONSERVER_MODEL_CONTROL_POLL;
  } else if (mode == "explicit" || mode == "on_demand") {
    state.options.server.control_mode = TRITONSERVER_MODEL_CONTROL_EXPLICIT;
  } else {
    return InvalidArg("invalid argument for --model-control-mode");
  }
  return {};
}

Status RepositoryPoll(ParseState& state, const std::string& argument) {
  ASSIGN_OR_RETURN(const int whole, ParseValue<int>(argument));  // says what is wrong with it
  constexpr double kMost = 1e9, kMillisecondsASecond = 1e3;
  const Expected<double> exact = ParseValue<double>(argument);
  const double seconds = std::min(exact ? *exact : whole, kMost);
  state.options.repository_poll_interval =
      std::chrono::milliseconds(static_cast<int64_t>(std::ceil(seconds * kMillisecondsASecond)));
  return {};
}

Status ModelConfigName(ParseState& state, const std::string& argument) {
  if (argument.empty()) return InvalidArg("Error: empty argument for --model-config-name");
  state.options.server.model_config_name = argument;
  return {};
}

Status LoadThreads(ParseState& state, const std::string& argument) {
  unsigned& threads = state.options.server.model_load_threads;
  RETURN_IF_ERROR((SetThreads<&Options::server, &ServerOptions::model_load_threads>(state, argument)));
  threads = std::max(1U, threads);
  return {};
}

Status ExitGrace(ParseState& state, const std::string& argument) {
  ASSIGN_OR_RETURN(const int grace, ParseValue<int>(argument));
  if (grace < 0) {
    state.warnings.push_back(
        fmt::format("Warning: '--exit-grace-ms={}' is taken for 0: expected milliseconds.", argument));
  }
  state.options.process.exit_grace = std::chrono::milliseconds(std::max(0, grace));
  return {};
}

Status CrashReportFolder(ParseState& state, const std::string& argument) {
  std::error_code error;
  if (!std::filesystem::is_directory(argument, error) || access(argument.c_str(), W_OK | X_OK) != 0) {
    return InvalidArg("expected a folder in which files can be made. Got {}", argument);
  }
  state.options.process.crash_report_folder = argument;
  return {};
}

Status ModelMemoryBudget(ParseState& state, const std::string& argument) {
  ASSIGN_OR_RETURN(const size_t bytes, ParseBytesOrShare(argument, AvailableMemory()));
  state.options.server.on_demand.budget.host = static_cast<int64_t>(std::min<size_t>(bytes, INT64_MAX));
  return {};
}

Status ModelGpuMemoryBudget(ParseState& state, const std::string& argument) {
  ASSIGN_OR_RETURN(const auto parts, ParsePair(argument, ":"));
  ASSIGN_OR_RETURN(const int gpu, ParseValue<int>(parts.first, argument));
  ASSIGN_OR_RETURN(const int64_t bytes, ParseValue<int64_t>(parts.second, argument));
  if (gpu < 0 || bytes <= 0) return InvalidArg("expected <gpu>:<bytes>, both of them positive. Got {}", argument);
  state.options.server.on_demand.budget.gpus[gpu] = bytes;
  return {};
}

Status ModelLoadWait(ParseState& state, const std::string& argument) {
  ASSIGN_OR_RETURN(const unsigned wait, ParseValue<unsigned>(argument));
  state.options.server.on_demand.load_wait = std::chrono::milliseconds(wait);
  return {};
}

Status ModelIdleTimeout(ParseState& state, const std::string& argument) {
  ASSIGN_OR_RETURN(const unsigned timeout, ParseValue<unsigned>(argument));
  state.options.server.on_demand.idle_timeout = std::chrono::seconds(timeout);
  return {};
}

constexpr OptionSpec kGlobal[] = {
    {"help", nullptr, "Show this text.", Answered},
    {"version", nullptr, "Show the version of Neso and that of Triton Inference Server, whose protocols it speaks.",
     Answered, /*tritonserver_has_it=*/false},
};

constexpr OptionSpec kServer[] = {
    {"id", "string", "Name of this server, shown in its metadata. Default is triton.",
     Set<&Options::server, &ServerOptions::server_id>},
    {"exit-timeout-secs", "integer",
     "How many seconds to wait at the end for inferences in flight, and then for models to unload. Default is 30.",
     Set<&Options::server, &ServerOptions::exit_timeout_seconds>},
    {"exit-grace-ms", "integer",
     "How many milliseconds the server goes on serving after SIGTERM or SIGINT while it says that it is not ready, so "
     "that load balancers send no more before it stops. Default is 0.",
     ExitGrace},
    {"crash-directory", "string", "Folder for a file about a crash, beside the report on stderr. Default is none.",
     CrashReportFolder},
};

constexpr OptionSpec kLogging[] = {
    {"log-verbose", "integer", "Level of verbose log messages; 0, the default, turns them off.", LogVerbose},
    {"log-info", "boolean", "Log INFO messages. Default is true.", Set<&Options::log, &LogSettings::info>},
    {"log-warning", "boolean", "Log WARNING messages. Default is true.", Set<&Options::log, &LogSettings::warning>},
    {"log-error", "boolean", "Log ERROR messages. Default is true.", Set<&Options::log, &LogSettings::error>},
    {"log-format", "string",
     "Form of log lines: \"default\" (level, month, day, time with microseconds, process, file and line), "
     "\"ISO8601\" (full date and time, level, process, file and line) or \"json\" (an object a line).",
     SetLogFormat},
    {"log-file", "string", "Append the log to this file instead of writing it to the console.",
     Set<&Options::log, &LogSettings::file>},
};

constexpr OptionSpec kModelRepository[] = {
    {"model-store", "string", "Same as --model-repository.",
     Insert<&Options::server, &ServerOptions::model_repositories>},
    {"model-repository", "string",
     "Folder that holds the models. May be given several times. At least one is required.",
     Insert<&Options::server, &ServerOptions::model_repositories>},
    {"exit-on-error", "boolean",
     "End when anything fails during start, a model that does not load included. Otherwise serve what there is. "
     "Default is true.",
     Set<&Options::server, &ServerOptions::exit_on_error>},
    {"disable-auto-complete-config", nullptr,
     "Take model configurations as they are written and complete nothing from the model itself.", DisableAutoComplete},
    {"strict-readiness", "boolean",
     "Report the server as ready only when every model version is ready. Otherwise it is ready as soon as it answers. "
     "Default is true.",
     Set<&Options::server, &ServerOptions::strict_readiness>},
    {"model-control-mode", "string",
     "How models come and go: \"none\" loads all at start and changes nothing later, \"poll\" follows changes in the "
     "repository, \"explicit\" loads those named by --load-model and then obeys load and unload requests, \"on_demand\" does "
     "so, too, and loads what inference requests ask for. Default is none.",
     ControlMode},
    {"repository-poll-secs", "float",
     "Seconds between two looks at the repository in poll mode; 0: no looks. Default is 15.", RepositoryPoll},
    {"load-model", "string",
     "Model to load at start in explicit mode; on demand it stays then, whoever needs room. May be given several times; * "
     "alone means all models.",
     Insert<&Options::server, &ServerOptions::startup_models>},
    {"model-config-name", "string", "Use configs/<name>.pbtxt of a model where it exists, config.pbtxt otherwise.",
     ModelConfigName},
    {"model-memory-budget", "<integer> or <integer>%",
     "Bytes of memory that models may take together which are loaded on demand, or a share of the memory that this process "
     "can have: those that were not used for longest leave for others. Default is no limit.",
     ModelMemoryBudget},
    {"model-gpu-memory-budget", "<integer>:<integer>",
     "The same for a GPU: <gpu>:<bytes>. May be given once for each GPU.", ModelGpuMemoryBudget},
    {"model-load-wait-ms", "integer",
     "How many milliseconds a request waits for a model that is loaded on demand. Default is 30000.", ModelLoadWait},
    {"model-idle-timeout-s", "integer",
     "After how many seconds without a request a model leaves that was loaded on demand; 0, the default, means never.",
     ModelIdleTimeout},
    {"model-load-thread-count", "integer", "How many models may load at the same time. Default is 4.", LoadThreads},
    {"model-load-retry-count", "integer", "How often a load that failed is tried again. Default is 0.",
     Set<&Options::server, &ServerOptions::model_load_retries>},
    {"model-namespacing", "boolean", "Allow models of the same name in different repositories. Default is false.",
     Set<&Options::server, &ServerOptions::model_namespacing>},
    {"enable-peer-access", "boolean", "Let GPUs read each other's memory where they can. Default is true.",
     Set<&Options::server, &ServerOptions::peer_access>},
};

}  // namespace

OptionGroup GlobalOptions() { return {"", kGlobal}; }
OptionGroup ServerGroup() { return {"Server", kServer}; }
OptionGroup LoggingGroup() { return {"Logging", kLogging}; }
OptionGroup ModelRepositoryGroup() { return {"Model Repository", kModelRepository}; }

}  // namespace neso
