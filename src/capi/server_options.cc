// Server options: one setter each, and the process log's settings.
#include "engine/server_options.h"

#include "base/log.h"
#include "capi/handles.h"

using neso::ApiCall;
using neso::OptionsOf;
using neso::ServerOptions;
using neso::Status;

namespace {

// Runs `set` on the options.
template <typename Set>
TRITONSERVER_Error* SetOption(TRITONSERVER_ServerOptions* options, Set set) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(options);
    set(OptionsOf(options));
    return {};
  });
}

// `last`: of the modes, which are numbered from 0.
template <typename Mode>
TRITONSERVER_Error* SetMode(TRITONSERVER_ServerOptions* options, Mode ServerOptions::*where, Mode mode, Mode last,
                            const char* kind) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(options);
    const int number = mode;
    if (number < 0 || number > last) return neso::InvalidArg("unknown {} mode '{}'", kind, number);
    OptionsOf(options).*where = mode;
    return {};
  });
}

// Runs `set` on the options when the text is there.
template <typename Set>
TRITONSERVER_Error* SetText(TRITONSERVER_ServerOptions* options, const char* text, Set set) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(options, text);
    set(OptionsOf(options), std::string(text));
    return {};
  });
}

TRITONSERVER_Error* AddSetting(TRITONSERVER_ServerOptions* options,
                               std::map<std::string, neso::Settings> ServerOptions::*where, const char* name,
                               const char* setting, const char* value) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(options, name, setting, value);
    (OptionsOf(options).*where)[name].emplace_back(setting, value);
    return {};
  });
}

}  // namespace

TRITONSERVER_Error* TRITONSERVER_ServerOptionsNew(TRITONSERVER_ServerOptions** options) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(options);
    *options = new ServerOptions;
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_ServerOptionsDelete(TRITONSERVER_ServerOptions* options) {
  return ApiCall([&]() -> Status {
    delete static_cast<ServerOptions*>(options);
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_ServerOptionsSetServerId(TRITONSERVER_ServerOptions* options, const char* server_id) {
  return SetText(options, server_id, [](ServerOptions& o, std::string text) { o.server_id = std::move(text); });
}

TRITONSERVER_Error* TRITONSERVER_ServerOptionsSetModelRepositoryPath(TRITONSERVER_ServerOptions* options,
                                                                     const char* model_repository_path) {
  return SetText(options, model_repository_path,
                 [](ServerOptions& o, std::string text) { o.model_repositories.insert(std::move(text)); });
}

TRITONSERVER_Error* TRITONSERVER_ServerOptionsSetModelControlMode(TRITONSERVER_ServerOptions* options,
                                                                  TRITONSERVER_ModelControlMode mode) {
  return SetMode(options, &ServerOptions::control_mode, mode, TRITONSERVER_MODEL_CONTROL_EXPLICIT, "control");
}

TRITONSERVER_Error* TRITONSERVER_ServerOptionsSetStartupModel(TRITONSERVER_ServerOptions* options,
                                                              const char* model_name) {
  return SetText(options, model_name,
                 [](ServerOptions& o, std::string text) { o.startup_models.insert(std::move(text)); });
}

TRITONSERVER_Error* TRITONSERVER_ServerOptionsSetStrictModelConfig(TRITONSERVER_ServerOptions* options, bool strict) {
  return SetOption(options, [&](ServerOptions& o) { o.strict_model_config = strict; });
}

TRITONSERVER_Error* TRITONSERVER_ServerOptionsSetModelConfigName(TRITONSERVER_ServerOptions* options,
                                                                 const char* model_config_name) {
  return SetText(options, model_config_name,
                 [](ServerOptions& o, std::string text) { o.model_config_name = std::move(text); });
}

TRITONSERVER_Error* TRITONSERVER_ServerOptionsSetRateLimiterMode(TRITONSERVER_ServerOptions* options,
                                                                 TRITONSERVER_RateLimitMode mode) {
  return SetMode(options, &ServerOptions::rate_limit, mode, TRITONSERVER_RATE_LIMIT_EXEC_COUNT, "rate limit");
}

TRITONSERVER_Error* TRITONSERVER_ServerOptionsAddRateLimiterResource(TRITONSERVER_ServerOptions* options,
                                                                     const char* resource_name,
                                                                     const size_t resource_count, const int device) {
  return SetText(options, resource_name, [&](ServerOptions& o, std::string text) {
    o.rate_limit_resources.push_back({std::move(text), resource_count, device});
  });
}

TRITONSERVER_Error* TRITONSERVER_ServerOptionsSetPinnedMemoryPoolByteSize(TRITONSERVER_ServerOptions* options,
                                                                          uint64_t size) {
  return SetOption(options, [&](ServerOptions& o) { o.pinned_memory_pool_bytes = size; });
}

TRITONSERVER_Error* TRITONSERVER_ServerOptionsSetCudaMemoryPoolByteSize(TRITONSERVER_ServerOptions* options,
                                                                        int gpu_device, uint64_t size) {
  return SetOption(options, [&](ServerOptions& o) { o.cuda_memory_pool_bytes[gpu_device] = size; });
}

TRITONSERVER_Error* TRITONSERVER_ServerOptionsSetCudaVirtualAddressSize(TRITONSERVER_ServerOptions* options,
                                                                        int gpu_device,
                                                                        size_t cuda_virtual_address_size) {
  return SetOption(options,
                   [&](ServerOptions& o) { o.cuda_virtual_address_bytes[gpu_device] = cuda_virtual_address_size; });
}

TRITONSERVER_Error* TRITONSERVER_ServerOptionsSetResponseCacheByteSize(TRITONSERVER_ServerOptions* options,
                                                                       uint64_t size) {
  return SetOption(options, [&](ServerOptions& o) {
    if (size != 0) o.cache_config["local"] = "{\"size\":\"" + std::to_string(size) + "\"}";
  });
}

TRITONSERVER_Error* TRITONSERVER_ServerOptionsSetCacheConfig(TRITONSERVER_ServerOptions* options,
                                                             const char* cache_name, const char* config_json) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(options, cache_name, config_json);
    OptionsOf(options).cache_config[cache_name] = config_json;
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_ServerOptionsSetCacheDirectory(TRITONSERVER_ServerOptions* options,
                                                                const char* cache_dir) {
  return SetText(options, cache_dir, [](ServerOptions& o, std::string text) { o.cache_directory = std::move(text); });
}

TRITONSERVER_Error* TRITONSERVER_ServerOptionsSetMinSupportedComputeCapability(TRITONSERVER_ServerOptions* options,
                                                                               double cc) {
  return SetOption(options, [&](ServerOptions& o) { o.min_compute_capability = cc; });
}

TRITONSERVER_Error* TRITONSERVER_ServerOptionsSetExitOnError(TRITONSERVER_ServerOptions* options, bool exit) {
  return SetOption(options, [&](ServerOptions& o) { o.exit_on_error = exit; });
}

TRITONSERVER_Error* TRITONSERVER_ServerOptionsSetStrictReadiness(TRITONSERVER_ServerOptions* options, bool strict) {
  return SetOption(options, [&](ServerOptions& o) { o.strict_readiness = strict; });
}

TRITONSERVER_Error* TRITONSERVER_ServerOptionsSetExitTimeout(TRITONSERVER_ServerOptions* options,
                                                             unsigned int timeout) {
  return SetOption(options, [&](ServerOptions& o) { o.exit_timeout_seconds = timeout; });
}

TRITONSERVER_Error* TRITONSERVER_ServerOptionsSetBufferManagerThreadCount(TRITONSERVER_ServerOptions* options,
                                                                          unsigned int thread_count) {
  return SetOption(options, [&](ServerOptions& o) { o.buffer_manager_threads = thread_count; });
}

TRITONSERVER_Error* TRITONSERVER_ServerOptionsSetModelLoadThreadCount(TRITONSERVER_ServerOptions* options,
                                                                      unsigned int thread_count) {
  return SetOption(options, [&](ServerOptions& o) { o.model_load_threads = thread_count; });
}

TRITONSERVER_Error* TRITONSERVER_ServerOptionsSetModelLoadRetryCount(TRITONSERVER_ServerOptions* options,
                                                                     unsigned int retry_count) {
  return SetOption(options, [&](ServerOptions& o) { o.model_load_retries = retry_count; });
}

TRITONSERVER_Error* TRITONSERVER_ServerOptionsSetModelNamespacing(TRITONSERVER_ServerOptions* options,
                                                                  bool enable_namespace) {
  return SetOption(options, [&](ServerOptions& o) { o.model_namespacing = enable_namespace; });
}

TRITONSERVER_Error* TRITONSERVER_ServerOptionsSetEnablePeerAccess(TRITONSERVER_ServerOptions* options,
                                                                  bool enable_peer_access) {
  return SetOption(options, [&](ServerOptions& o) { o.peer_access = enable_peer_access; });
}

TRITONSERVER_Error* TRITONSERVER_ServerOptionsSetMetrics(TRITONSERVER_ServerOptions* options, bool metrics) {
  return SetOption(options, [&](ServerOptions& o) { o.metrics = metrics; });
}

TRITONSERVER_Error* TRITONSERVER_ServerOptionsSetGpuMetrics(TRITONSERVER_ServerOptions* options, bool gpu_metrics) {
  return SetOption(options, [&](ServerOptions& o) { o.gpu_metrics = gpu_metrics; });
}

TRITONSERVER_Error* TRITONSERVER_ServerOptionsSetCpuMetrics(TRITONSERVER_ServerOptions* options, bool cpu_metrics) {
  return SetOption(options, [&](ServerOptions& o) { o.cpu_metrics = cpu_metrics; });
}

TRITONSERVER_Error* TRITONSERVER_ServerOptionsSetMetricsInterval(TRITONSERVER_ServerOptions* options,
                                                                 uint64_t metrics_interval_ms) {
  return SetOption(options, [&](ServerOptions& o) { o.metrics_interval_ms = metrics_interval_ms; });
}

TRITONSERVER_Error* TRITONSERVER_ServerOptionsSetBackendDirectory(TRITONSERVER_ServerOptions* options,
                                                                  const char* backend_dir) {
  return SetText(options, backend_dir,
                 [](ServerOptions& o, std::string text) { o.backend_directory = std::move(text); });
}

TRITONSERVER_Error* TRITONSERVER_ServerOptionsSetRepoAgentDirectory(TRITONSERVER_ServerOptions* options,
                                                                    const char* repoagent_dir) {
  return SetText(options, repoagent_dir,
                 [](ServerOptions& o, std::string text) { o.repoagent_directory = std::move(text); });
}

TRITONSERVER_Error* TRITONSERVER_ServerOptionsSetModelLoadDeviceLimit(TRITONSERVER_ServerOptions* options,
                                                                      const TRITONSERVER_InstanceGroupKind kind,
                                                                      const int device_id, const double fraction) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(options);
    if (kind != TRITONSERVER_INSTANCEGROUPKIND_GPU) {
      return neso::InvalidArg("given device kind is not supported, got: {}",
                              TRITONSERVER_InstanceGroupKindString(kind));
    }
    if (!(fraction >= 0 && fraction <= 1)) {
      return neso::InvalidArg("the fraction of a device limit must be in [0, 1], got: {}", fraction);
    }
    OptionsOf(options).load_device_limits[{kind, device_id}] = fraction;
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_ServerOptionsSetBackendConfig(TRITONSERVER_ServerOptions* options,
                                                               const char* backend_name, const char* setting,
                                                               const char* value) {
  return AddSetting(options, &ServerOptions::backend_config, backend_name, setting, value);
}

TRITONSERVER_Error* TRITONSERVER_ServerOptionsSetHostPolicy(TRITONSERVER_ServerOptions* options,
                                                            const char* policy_name, const char* setting,
                                                            const char* value) {
  return AddSetting(options, &ServerOptions::host_policies, policy_name, setting, value);
}

TRITONSERVER_Error* TRITONSERVER_ServerOptionsSetMetricsConfig(TRITONSERVER_ServerOptions* options, const char* name,
                                                               const char* setting, const char* value) {
  return AddSetting(options, &ServerOptions::metrics_config, name, setting, value);
}

// --- the process log: no options needed ------------------------------------------------------------------------------

TRITONSERVER_Error* TRITONSERVER_ServerOptionsSetLogFile(TRITONSERVER_ServerOptions* options, const char* file) {
  return ApiCall([&]() -> Status { return neso::log::SetFile(file == nullptr ? "" : file); });
}

TRITONSERVER_Error* TRITONSERVER_ServerOptionsSetLogInfo(TRITONSERVER_ServerOptions* options, bool log) {
  return ApiCall([&]() -> Status {
    neso::log::SetInfo(log);
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_ServerOptionsSetLogWarn(TRITONSERVER_ServerOptions* options, bool log) {
  return ApiCall([&]() -> Status {
    neso::log::SetWarning(log);
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_ServerOptionsSetLogError(TRITONSERVER_ServerOptions* options, bool log) {
  return ApiCall([&]() -> Status {
    neso::log::SetError(log);
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_ServerOptionsSetLogFormat(TRITONSERVER_ServerOptions* options,
                                                           const TRITONSERVER_LogFormat format) {
  return ApiCall([&]() -> Status {
    if (format != TRITONSERVER_LOG_DEFAULT && format != TRITONSERVER_LOG_ISO8601) {
      return neso::InvalidArg("unknown log format {}", static_cast<int>(format));
    }
    neso::log::SetFormat(static_cast<neso::LogFormat>(format));
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_ServerOptionsSetLogVerbose(TRITONSERVER_ServerOptions* options, int level) {
  return ApiCall([&]() -> Status {
    neso::log::SetVerboseLevel(level);
    return {};
  });
}
