#include "environment.h"

#include <memory>
#include <string>

#include "neso/backend/log.h"

namespace neso::onnxruntime {
namespace {

// Made when the backend is loaded and never destroyed: frameworks leave threads behind, and libraries are not unmapped.
Ort::Env* environment = nullptr;
EnvironmentSettings settings;

Status InitializeOrt() {
  const OrtApi* api = OrtGetApiBase()->GetApi(ORT_API_VERSION);
  if (api == nullptr) {
    return Status::Unsupported("ONNX Runtime ", OrtGetApiBase()->GetVersionString(),
                               " is too old: expected API version ", ORT_API_VERSION);
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
  NESO_ASSIGN_OR_RETURN(settings.global_pool_only, parameters.Or("enable-global-threadpool", false));
  NESO_ASSIGN_OR_RETURN(settings.default_max_batch_size, parameters.Or("default-max-batch-size", 4));
  return {};
}

}  // namespace

Status InitializeEnvironment(const backend::Backend& backend) {
  if (environment != nullptr) return {};
  NESO_RETURN_IF_ERROR(InitializeOrt());
  NESO_ASSIGN_OR_RETURN(const backend::Parameters parameters, backend.Settings());
  NESO_RETURN_IF_ERROR(ReadSettings(parameters));
  return TryOrt([&] {
    Ort::ThreadingOptions threads;
    threads.SetGlobalIntraOpNumThreads(static_cast<int>(settings.intra_op_threads));
    // Parallel execution of one graph's branches is rare; 0 would start a second pool as large as the first.
    threads.SetGlobalInterOpNumThreads(settings.inter_op_threads > 0 ? static_cast<int>(settings.inter_op_threads) : 1);
    threads.SetGlobalSpinControl(0);
    environment = new Ort::Env(threads, Log, nullptr, ORT_LOGGING_LEVEL_WARNING, "onnxruntime");
    environment->DisableTelemetryEvents();
  });
}

Ort::Env& Environment() { return *environment; }
const EnvironmentSettings& Settings() { return settings; }

}  // namespace neso::onnxruntime
