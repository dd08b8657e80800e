#include "server/neso.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/exception_status.h"
#include "base/exit_code.h"
#include "base/memory_budget.h"
#include "base/memory_reserve.h"
#include "base/own_library.h"
#include "base/short_turns.h"
#include "base/staged_model.h"
#include "base/text.h"
#include "engine/inference_server.h"
#include "server/check_command.h"
#include "server/crash_report.h"
#include "server/descriptor_limit.h"
#include "server/exit_watch.h"
#include "server/first_calls.h"
#include "server/inherited_sockets.h"
#include "server/init_command.h"
#include "server/installation.h"
#include "server/key_command.h"
#include "server/life.h"
#include "server/missing_behaviour.h"
#include "server/option_spec.h"
#include "server/options.h"
#include "server/perf_command.h"
#include "server/ports.h"
#include "server/repository_poller.h"
#include "server/service_manager.h"
#include "server/services.h"
#include "server/signals.h"
#include "server/signature_command.h"
#include "server/standard_streams.h"
#include "server/startup_failures.h"
#include "server/startup_tables.h"
#include "server/subcommand.h"
#include "server/trace_export.h"
#include "server/trace_summary_command.h"

namespace neso {
namespace {

void Complain(const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); }

std::string CodeAndMessage(const Status& status) {
  return fmt::format("{} - {}", StatusCodeText(status.code()), status.message());
}

Status SetUpLog(const LogSettings& settings) {
  log::SetInfo(settings.info);
  log::SetWarning(settings.warning);
  log::SetError(settings.error);
  log::SetVerboseLevel(settings.verbose_level);
  log::SetFormat(settings.format);
  return log::SetFile(settings.file);
}

void LogOptionTable(const ServerOptions& options) {
  LogTable(LogLevel::kInfo, OptionTable(options, kServerVersion, ServerExtensions()));
}

void LogStartupTables(const InferenceServer& server) {
  std::vector<RepositoryAgentRow> agents;
  for (const InferenceServer::AgentRow& row : server.AgentRows()) agents.push_back({row.name, row.path});
  LogTable(LogLevel::kInfo, RepositoryAgentTable(agents));
  std::vector<BackendTableRow> backends;
  for (const InferenceServer::BackendRow& row : server.BackendRows()) {
    backends.push_back({.name = row.name, .path = row.path, .config = row.config});
  }
  LogTable(LogLevel::kInfo, BackendTable(backends));
  std::vector<ModelTableRow> models;
  for (const ModelIndexEntry& entry : server.ModelStates()) {
    models.push_back(
        {.name = entry.name, .version = entry.version, .state = ModelStateName(entry.state), .reason = entry.reason});
  }
  LogTable(LogLevel::kInfo, ModelTable(models));
  LogOptionTable(server.options());
}

// `failures`: what could not be loaded.
Expected<std::unique_ptr<InferenceServer>> CreateServer(const Options& options,
                                                        std::map<std::string, std::string>& failures) {
  bool is_reported = false;
  auto server = InferenceServer::Start(options.server, [&](const InferenceServer& started) {
    LogStartupTables(started);
    failures = started.StartupFailures();
    is_reported = true;
  });
  // Also when start failed early, the log tells with which options.
  if (!is_reported) LogOptionTable(options.server);
  return server;
}

// The part of the time that clients cannot use up, so that models can still be unloaded.
constexpr int kUnloadingShare = 4;
// What the orderly stop may be late.
constexpr std::chrono::milliseconds kExitGrace{300};
// A network thread that does not come round for so long hangs: work that takes longer is given to others.
constexpr std::chrono::seconds kPatienceWithNetwork{5};

Status StopWithin(std::chrono::seconds timeout, Services& services, InferenceServer& server) {
  EndProcessAfter(timeout + kExitGrace);
  const TimePoint deadline = std::chrono::steady_clock::now() + timeout;
  server.PrepareForExit();
  services.ExportTracesUntil(deadline);
  services.Drain(deadline - Nanoseconds(timeout) / kUnloadingShare);
  return server.StopBy(deadline);
}

// What frameworks read in the environment when their libraries are opened. Their plug-ins set it, too, but only here there
// are no threads yet that could read the environment meanwhile. Who wants it otherwise says 0.
void SetEnvironmentOfFrameworks() {
  setenv("ORT_DISABLE_TELEMETRY", "1", /*overwrite=*/0);  // ONNX Runtime calls its makers
  setenv("AOTI_RUNTIME_CHECK_INPUTS", "1",
         /*overwrite=*/0);                               // PyTorch's packages read beyond inputs that are too small
  setenv("TF_CPP_MIN_LOG_LEVEL", "1", /*overwrite=*/0);  // TensorFlow writes lines of its own into the log
  // Threads of GNU OpenMP, which are PyTorch's, wait for their next piece of work at full speed, milliseconds long by
  // default: two models that compute at once reach less than if they took turns. So long, they outlast the way from one
  // operator to the next.
  if (getenv("OMP_WAIT_POLICY") == nullptr) setenv("GOMP_SPINCOUNT", "10000", /*overwrite=*/0);
}

// Load balancers are given time to hear of the stop.
void LeaveWithGrace(std::chrono::milliseconds grace, InferenceServer& server, const Signals& signals) {
  if (grace.count() == 0) return;
  LOG_INFO("Not ready any more; the stop begins in {} ms", grace.count());
  server.AnnounceStop();
  signals.Wait(grace);
}

// `arguments` are those of the process. `is_ready` runs when requests are answered.
int Serve(const Options& options, const std::vector<std::string>& arguments, InheritedSockets inherited,
          const std::function<void(const InferenceServer&)>& is_ready = {}) {
  PreferShortTurns();  // before there are other threads
  RaiseDescriptorLimit();
  const Expected<size_t> budget = ParseMemoryBudget(options.memory_budget, AvailableMemory());
  MemoryBudget::OfProcess().SetLimit(budget ? *budget : SIZE_MAX);  // the options were checked
  const std::vector<std::string> idle_options = OptionsWithoutEffect(options);
  if (!idle_options.empty()) LOG_INFO("options that have no effect in this server: {}", Join(idle_options, ", "));

  // Before the models, which may take minutes: a mistyped path should be told at once.
  Expected<ServiceCredentials> credentials = LoadServiceCredentials(options);
  if (!credentials) {
    LOG_ERROR("failed to start {}", credentials.error().message());
    return 1;
  }
  Expected<std::shared_ptr<OtlpExporter>> trace_exporter = MakeTraceExporter(options.trace);
  if (!trace_exporter) {
    LOG_ERROR("failed to start tracing: {}", trace_exporter.error().message());
    return 1;
  }
  const Expected<std::unique_ptr<Signals>> signals = Signals::Install();
  if (!signals) {
    Complain("error: " + CodeAndMessage(signals.error()));
    return 1;
  }
  ServiceManager manager(ProcessEnvironment);
  manager.Loading();
  std::map<std::string, std::string> failures;
  Expected<std::unique_ptr<InferenceServer>> server = CreateServer(options, failures);
  if (!server) {
    Complain("error: creating server: " + CodeAndMessage(server.error()));
    if (!failures.empty()) Complain("error: " + NamesAndReasons(failures));
    return 1;
  }
  if (!failures.empty()) LOG_WARNING("{}", NamesAndReasons(failures));
  Services services(**server, options, *std::move(credentials), *std::move(trace_exporter),
                    inherited.has_predecessor());
  Signals::EndOrderly();
  if (!services.Start(std::move(inherited)).ok()) return 1;
  RepositoryPoller poller(**server, options.repository_poll_interval);

  services.TellPredecessor();
  if (is_ready) is_ready(**server);
  manager.Serving("Serving", [&services] { return services.Answer(kPatienceWithNetwork); });
  const std::chrono::seconds timeout(options.server.exit_timeout_seconds);
  if (ServeUntilEnd(**signals, services, manager, arguments) == End::kAsked) {
    manager.Stopping(options.process.exit_grace + timeout + kExitGrace);
    LeaveWithGrace(options.process.exit_grace, **server, **signals);
  }
  poller.RequestStop();
  const Status stopped = StopWithin(timeout, services, **server);
  manager.End();
  if (!stopped.ok()) {
    LOG_ERROR("failed to stop server: {}", CodeAndMessage(stopped));
    services.WriteTraces();
    // Requests still run on threads that destructors would wait for.
    _exit(1);
  }
  return 0;
}

// The options, and what else of the process has to be as they say; or else the exit code of a process that ends here.
// `exit_code` comes as that of a command line that cannot be meant.
std::optional<Options> Prepare(const std::vector<std::string>& arguments, int& exit_code) {
  ParseResult parsed = ParseOptions(arguments, ProcessEnvironment);
  for (const std::string& warning : parsed.warnings) Complain(warning);
  if (!parsed.answer.empty()) {
    std::fputs(parsed.answer.c_str(), stdout);
    exit_code = kDone;
    return std::nullopt;
  }
  if (!parsed.options) {
    std::fputs(parsed.failure_text.c_str(), stderr);
    return std::nullopt;
  }
  if (const Status status = SetUpLog(parsed.options->log); !status.ok()) {
    Complain("Failed to build Triton option:\n" + status.message());
    return std::nullopt;
  }
  // A service has no terminal that could end.
  if (!parsed.options->log.file.empty() || std::getenv("NOTIFY_SOCKET") != nullptr) ReopenLogOnHangUp();
  InstallCrashReports(parsed.options->process.crash_report_folder);
  // Not given: the tree the program is in; the usual folder of backends is searched after it in any case.
  ServerOptions& server = parsed.options->server;
  if (!parsed.options->given.contains("backend-directory")) {
    server.backend_directory = FolderBeside(ProgramPath(), "backends", server.backend_directory);
  }
  if (!parsed.options->given.contains("cache-directory")) {
    server.cache_directory = FolderBeside(ProgramPath(), "caches", server.cache_directory);
  }
  if (!parsed.options->given.contains("repoagent-directory")) {
    server.repoagent_directory = FolderBeside(ProgramPath(), "repoagents", server.repoagent_directory);
  }
  return std::move(parsed.options);
}

int Refuse(const Status& why, int exit_code = kFailed) {
  Complain("error: " + why.message());
  return exit_code;
}

int RefuseCommand(const Status& why) { return Refuse(why, ExitCodeOf(why)); }

int KeepKeys(const std::vector<std::string>& arguments) {
  const Expected<std::string> said = RunKeyCommand(arguments);
  if (!said) return RefuseCommand(said.error());
  std::fputs(said->c_str(), stdout);
  return kDone;
}

constexpr const char* kInitCommand = "init";

Expected<std::unique_ptr<StagedModel>> Stage(const std::vector<std::string>& arguments) {
  ASSIGN_OR_RETURN(const ServeEntry* const stage,
                   OpenOwnLibrary<ServeEntry>("libneso_serve.so", "neso_serve_entry",
                                              "the part that serves single models is missing"));
  return (*stage)(arguments);
}

// From the start on only what is wrong is told, and once it serves, what happens to the model, unless the caller decided.
void GreetFrom(const InferenceServer& server, const Options& options) {
  std::fputs(FirstCalls(server, options).c_str(), stdout);
  std::fflush(stdout);
  log::SetInfo(true);
}

int ServeModel(const std::vector<std::string>& arguments) {
  const Expected<std::unique_ptr<StagedModel>> staged = Stage(arguments);
  if (!staged) return RefuseCommand(staged.error());
  int exit_code = kMisused;
  std::optional<Options> options = Prepare((*staged)->arguments, exit_code);
  if (!options) return exit_code;
  if (arguments[1] == kInitCommand) return InitModel(**staged, *options);
  const bool takes_over = std::getenv("LISTEN_FDS") != nullptr;
  if ((*staged)->choose_ports && !takes_over) ChoosePorts(*options);
  if (const Status free = takes_over ? Status() : CheckPorts(*options); !free.ok()) return Refuse(free);
  Expected<InheritedSockets> inherited = InheritedSockets::Take();
  if (!inherited) return Refuse(inherited.error());
  return Serve(*options, arguments, *std::move(inherited),
               [&options](const InferenceServer& server) { GreetFrom(server, *options); });
}

// What the command line of a server says.
int ServeAs(const std::vector<std::string>& arguments) {
  int exit_code = kFailed;  // as Triton
  const std::optional<Options> options = Prepare(arguments, exit_code);
  if (!options) return exit_code;
  Expected<InheritedSockets> inherited = InheritedSockets::Take();
  if (!inherited) return Refuse(inherited.error());
  return Serve(*options, arguments, *std::move(inherited));
}

int Check(const std::vector<std::string>& arguments) {
  const Expected<std::vector<std::string>> used = CheckArguments(arguments);
  if (!used) return RefuseCommand(used.error());
  int exit_code = kMisused;
  const std::optional<Options> options = Prepare(*used, exit_code);
  return options ? CheckModel(*options) : exit_code;
}

int Run(const std::vector<std::string>& arguments) {
  if (!IsSubcommand(arguments)) return ServeAs(arguments);
  return RunSubcommand(arguments, {.serve = ServeAs,
                                   .check = Check,
                                   .key = KeepKeys,
                                   .signature = RunSignatureCommand,
                                   .trace_summary = SummarizeTraces,
                                   .perf = OpenPerf,
                                   .model = ServeModel,
                                   .server_options = nullptr,
                                   .version = {}});
}

}  // namespace
}  // namespace neso

int NesoMain(int argc, char** argv) {
  neso::OccupyClosedStreams();
  neso::SurviveFailingWrites();
  neso::InstallMemoryReserve();
  neso::SetEnvironmentOfFrameworks();
  try {
    return neso::Run({argv, argv + argc});
  } catch (...) {
    // No memory, or no thread, for the parts of a server.
    neso::Complain("error: creating server: " + neso::CodeAndMessage(neso::StatusOfException()));
    return 1;
  }
}
