#include "environment.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <memory>
#include <mutex>
#include <string>

#include "neso/backend/log.h"
#include "neso/library_functions.h"
#include "neso/processors.h"
#include "session_options.h"

namespace neso::onnxruntime {
namespace {

// Made when the backend is loaded and never destroyed: frameworks leave threads behind, and libraries are not unmapped.
Ort::Env* environment = nullptr;
EnvironmentSettings settings;

// As soon as it has an environment, the library as its makers publish it writes files below $HOME and looks up a host
// of theirs, before DisableTelemetryEvents() can be called. Only this variable prevents that.
void PreventTelemetry() {
  // bin/neso has set it before there were threads. In somebody else's process this is the first one to ask for it.
  if (std::getenv("ORT_DISABLE_TELEMETRY") == nullptr) setenv("ORT_DISABLE_TELEMETRY", "1", 0);
}

// Opened here and not by the loader, so that what has to be done before is done. Never closed, as environments.
Result<const OrtApiBase*> OpenLibrary(const std::string& folder) {
  const std::string path = BesideOrOnRunPath(folder + "/libonnxruntime.so.1", NESO_ONNXRUNTIME_FILE);
  void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    return Status::Unavailable(
        "unable to load ONNX Runtime: ", dlerror(),
        "; expected libonnxruntime.so.1 beside the backend, or the PyPI wheel onnxruntime that has ",
        NESO_ONNXRUNTIME_FILE, " in the same environment");
  }
  auto* const get_base = reinterpret_cast<decltype(&OrtGetApiBase)>(dlsym(library, "OrtGetApiBase"));
  if (get_base == nullptr) return Status::Unsupported(path, " is no ONNX Runtime: ", dlerror());
  return get_base();
}

Status InitializeOrt(const std::string& folder) {
  PreventTelemetry();
  NESO_ASSIGN_OR_RETURN(const OrtApiBase* base, OpenLibrary(folder));
  const OrtApi* api = base->GetApi(ORT_API_VERSION);
  if (api == nullptr) {
    return Status::Unsupported("ONNX Runtime ", base->GetVersionString(), " is too old: expected API version ",
                               ORT_API_VERSION);
  }
  Ort::InitApi(api);
  return {};
}

void ORT_API_CALL Log(void*, OrtLoggingLevel severity, const char* category, const char*, const char*,
                      const char* message) {
  const TRITONSERVER_LogLevel level = severity >= ORT_LOGGING_LEVEL_ERROR     ? TRITONSERVER_LOG_ERROR
                                      : severity == ORT_LOGGING_LEVEL_WARNING ? TRITONSERVER_LOG_WARN
                                                                              : TRITONSERVER_LOG_VERBOSE;
  if (TRITONSERVER_LogIsEnabled(level)) {
    (void)Status(TRITONSERVER_LogMessage(level, category, 0, message));
  }
}

Status ReadSettings(const backend::Parameters& parameters) {
  NESO_ASSIGN_OR_RETURN(settings.intra_op_threads, parameters.Or("intra_op_thread_count", 0));
  NESO_ASSIGN_OR_RETURN(settings.inter_op_threads, parameters.Or("inter_op_thread_count", 0));
  NESO_RETURN_IF_ERROR(
      CheckThreadCounts({.intra_op = settings.intra_op_threads, .inter_op = settings.inter_op_threads}));
  NESO_ASSIGN_OR_RETURN(settings.global_pool_only, parameters.Or("enable-global-threadpool", false));
  NESO_ASSIGN_OR_RETURN(settings.default_max_batch_size, parameters.Or("default-max-batch-size", 4));
  if (settings.default_max_batch_size > std::numeric_limits<int32_t>::max()) {
    return Status::InvalidArg("'default-max-batch-size': expected at most ", std::numeric_limits<int32_t>::max(),
                              ", got ", settings.default_max_batch_size);
  }
  return {};
}

}  // namespace

Status InitializeEnvironment(const backend::Backend& backend) {
  if (environment != nullptr) return {};
  NESO_ASSIGN_OR_RETURN(const std::string folder, backend.Directory());
  NESO_RETURN_IF_ERROR(InitializeOrt(folder));
  NESO_ASSIGN_OR_RETURN(const backend::Parameters parameters, backend.Settings());
  NESO_RETURN_IF_ERROR(ReadSettings(parameters));
  settings.folder = folder;
  return TryOrt([&] {
    Ort::ThreadingOptions threads;
    threads.SetGlobalIntraOpNumThreads(IntraOpThreads());
    // Parallel execution of one graph's branches is rare; 0 would start a second pool as large as the first.
    threads.SetGlobalInterOpNumThreads(settings.inter_op_threads > 0 ? static_cast<int>(settings.inter_op_threads) : 1);
    threads.SetGlobalSpinControl(0);
    environment = new Ort::Env(threads, Log, nullptr, ORT_LOGGING_LEVEL_WARNING, "onnxruntime");
    environment->DisableTelemetryEvents();
  });
}

Ort::Env& Environment() { return *environment; }
const EnvironmentSettings& Settings() { return settings; }

int IntraOpThreads() {
  if (settings.intra_op_threads > 0) return static_cast<int>(settings.intra_op_threads);
  return static_cast<int>(std::min(UsableProcessors(), CoresInAffinityMask()));
}

std::shared_ptr<const std::string> LeaveForOwnPool(const std::string& model) {
  static std::mutex mutex;
  static std::weak_ptr<const std::string> latest;
  std::lock_guard lock(mutex);
  if (std::shared_ptr<const std::string> held = latest.lock()) return *held == model ? held : nullptr;
  auto leave = std::make_shared<const std::string>(model);
  latest = leave;
  return leave;
}

}  // namespace neso::onnxruntime
