#include "server/option_checks.h"

#include <string_view>

#include "base/json.h"
#include "server/hardening.h"

namespace neso {
namespace {

struct Service {
  const char* name;
  std::string address;
  int port;
};

std::vector<Service> EnabledServices(const Options& options) {
  std::vector<Service> services;
  if (options.http.allow) services.push_back({"HTTP", options.http.address, options.http.port});
  if (options.grpc.allow) services.push_back({"GRPC", options.grpc.address, options.grpc.port});
  if (options.server.metrics) services.push_back({"metrics", options.metrics.address, options.metrics.port});
  if (options.sagemaker.allow) services.push_back({"SageMaker", options.sagemaker.address, options.sagemaker.port});
  if (options.vertex.allow) services.push_back({"Vertex AI", options.vertex.address, options.vertex.port});
  return services;
}

constexpr std::string_view kSocketFile = "unix:";

bool ShareAPlace(const Service& first, const Service& second) {
  if (first.address != second.address) return false;
  if (first.address.starts_with(kSocketFile)) return true;  // whatever the ports
  return first.port == second.port && first.port != 0;      // 0: any free one, so two of them do not meet
}

Status CheckPorts(const Options& options) {
  const std::vector<Service> services = EnabledServices(options);
  for (size_t a = 0; a < services.size(); ++a) {
    for (size_t b = a + 1; b < services.size(); ++b) {
      const Service& first = services[a];
      const Service& second = services[b];
      if (!ShareAPlace(first, second)) continue;
      return InvalidArg("The server cannot listen to {} requests and {} requests at the same address and port {}:{}",
                        first.name, second.name, first.address, first.port);
    }
  }
  if (!options.sagemaker.allow || !options.sagemaker.safe_port_range) return {};
  const auto [lowest, highest] = *options.sagemaker.safe_port_range;
  for (const Service& service : services) {
    if (std::string_view(service.name) == "SageMaker") continue;
    if (service.port >= lowest && service.port <= highest) continue;
    return InvalidArg("The server cannot listen to {} requests at port {}, allowed port range is [{}, {}]",
                      service.name, service.port, lowest, highest);
  }
  return {};
}

// A value of --trace-config wins over the older option for the same thing.
template <typename T>
void PreferNewTraceSetting(ParseState& state, const char* setting, const char* old_option, const std::optional<T>& old,
                           T& field) {
  if (!old) return;
  if (!state.trace_config_given.contains(setting)) {
    field = *old;
    return;
  }
  state.warnings.emplace_back(
      fmt::format("Warning: '--{}' is overridden by the value of '{}' in '--trace-config'.", old_option, setting));
}

Status FinishTracing(ParseState& state, const Environment& environment) {
  TraceOptions& trace = state.options.trace;
  const auto& old = state.deprecated_trace;
  const bool old_level_counts = old.level && !state.trace_config_given.contains("level");
  PreferNewTraceSetting(state, "level", "trace-level", old.level, trace.level);
  PreferNewTraceSetting(state, "rate", "trace-rate", old.rate, trace.rate);
  PreferNewTraceSetting(state, "count", "trace-count", old.count, trace.count);
  if (state.trace_off_given || (old_level_counts && old.off)) trace.level = TRITONSERVER_TRACE_LEVEL_DISABLED;
  if (trace.mode == TraceMode::kTriton) {
    PreferNewTraceSetting(state, "log-frequency", "trace-log-frequency", old.log_frequency, trace.log_frequency);
    PreferNewTraceSetting(state, "file", "trace-file", old.file, trace.file);
    return {};
  }
  if (old.file) state.warnings.emplace_back("Warning: '--trace-file' is ignored in trace mode opentelemetry.");
  if (old.log_frequency) {
    state.warnings.emplace_back("Warning: '--trace-log-frequency' is ignored in trace mode opentelemetry.");
  }
  Expected<OtlpSettings> otlp = MakeOtlpSettings(trace.opentelemetry, environment);
  if (!otlp) return otlp.error().WithContext("--trace-config opentelemetry");
  // Those of the batch processor are shown in any case.
  const std::pair<const char*, int64_t> batching[] = {
      {"bsp_max_queue_size", static_cast<int64_t>(otlp->max_queue_size)},
      {"bsp_schedule_delay", otlp->schedule_delay.count()},
      {"bsp_max_export_batch_size", static_cast<int64_t>(otlp->max_export_batch_size)}};
  for (const auto& [setting, value] : batching) {
    if (!state.trace_config_given.contains(setting)) trace.opentelemetry.emplace_back(setting, std::to_string(value));
  }
  trace.otlp = *std::move(otlp);
  return {};
}

// The settings of one cache go to it as a JSON object of strings.
Status FinishCache(ParseState& state) {
  if (state.response_cache_bytes && !state.cache_settings.empty()) {
    return InvalidArg(
        "Error: Incompatible flags --response-cache-byte-size and --cache-config both provided. Please provide one or "
        "the other.");
  }
  if (state.response_cache_bytes) state.cache_settings["local"].emplace_back("size", *state.response_cache_bytes);
  for (const auto& [cache, settings] : state.cache_settings) {
    std::string json;
    for (const auto& [setting, value] : settings) {
      json += json.empty() ? '{' : ',';
      AppendJsonString(json, setting);
      json += ':';
      AppendJsonString(json, value);
    }
    state.options.server.cache_config[cache] = json + '}';
  }
  return {};
}

Status FinishOnDemand(Options& options) {
  if (options.server.load_on_demand) {
    if (options.server.model_namespacing) {
      return InvalidArg("Error: '--model-namespacing' cannot be used with '--model-control-mode=on_demand'.");
    }
    options.server.on_demand.parallel_loads = options.server.model_load_threads;
    return {};
  }
  for (const char* name :
       {"model-memory-budget", "model-gpu-memory-budget", "model-load-wait-ms", "model-idle-timeout-s"}) {
    if (options.given.contains(name)) {
      return InvalidArg("Error: Use of '--{}' requires setting '--model-control-mode=on_demand' as well.", name);
    }
  }
  return {};
}

Status FinishRepository(ParseState& state, const Environment& environment) {
  ServerOptions& server = state.options.server;
  if (state.auto_complete_disabled) {
    if (state.options.given.contains("strict-model-config") && !server.strict_model_config) {
      state.warnings.emplace_back(
          "Warning: Overriding deprecated '--strict-model-config' from False to True in favor of "
          "'--disable-auto-complete-config'!");
    }
    server.strict_model_config = true;
  }
  if (server.control_mode != TRITONSERVER_MODEL_CONTROL_POLL) state.options.repository_poll_interval = {};
  if (!server.startup_models.empty() && server.control_mode != TRITONSERVER_MODEL_CONTROL_EXPLICIT) {
    return InvalidArg("Error: Use of '--load-model' requires setting '--model-control-mode=explicit' as well.");
  }
  RETURN_IF_ERROR(FinishOnDemand(state.options));
  const char* storage = environment("AIP_STORAGE_URI");
  if (server.model_repositories.empty() && storage != nullptr && *storage != '\0') {
    server.model_repositories.insert(storage);
  }
  return {};
}

// The value of an environment variable as one of `choices`; unset or empty: as it was.
template <typename T, size_t kCount>
Status ChooseByEnvironment(const Environment& environment, const char* variable,
                           const std::pair<const char*, T> (&choices)[kCount], T& field) {
  const char* value = environment(variable);
  if (value == nullptr || *value == '\0') return {};
  std::string names;
  for (const auto& [name, choice] : choices) {
    if (std::string_view(value) == name) {
      field = choice;
      return {};
    }
    names += names.empty() ? name : std::string(", ") + name;
  }
  return InvalidArg("{} must be one of {}, got: {}", variable, names, value);
}

Status FinishSagemaker(SagemakerOptions& sagemaker, const Environment& environment) {
  static constexpr std::pair<const char*, SagemakerPing> kPings[] = {{"ready", SagemakerPing::kReady},
                                                                     {"live", SagemakerPing::kLive}};
  static constexpr std::pair<const char*, SagemakerInference> kInferences[] = {
      {"infer", SagemakerInference::kInfer},
      {"generate", SagemakerInference::kGenerate},
      {"generate_stream", SagemakerInference::kGenerateStream}};
  if (!sagemaker.allow) return {};
  RETURN_IF_ERROR(ChooseByEnvironment(environment, "SAGEMAKER_TRITON_PING_MODE", kPings, sagemaker.ping));
  RETURN_IF_ERROR(
      ChooseByEnvironment(environment, "SAGEMAKER_TRITON_INFERENCE_TYPE", kInferences, sagemaker.inference));
  if (const char* model = environment("SAGEMAKER_TRITON_DEFAULT_MODEL_NAME"); model != nullptr && *model != '\0') {
    sagemaker.default_model = model;
  }
  if (const char* root = environment("NESO_SAGEMAKER_ROOT"); root != nullptr && *root != '\0') {
    sagemaker.models_root = std::string(root) + "/models";
  }
  return {};
}

}  // namespace

Status ApplyEnvironmentDefaults(ParseState& state, const Environment& environment) {
  const char* mode = environment("AIP_MODE");
  if (mode != nullptr && std::string_view(mode) == "PREDICTION") {
    state.options.vertex.allow = true;
    state.options.http.allow = false;
    state.options.grpc.allow = false;
  }
  if (const char* port = environment("AIP_HTTP_PORT"); port != nullptr) {
    ASSIGN_OR_RETURN(state.options.vertex.port, ParsePort(port));
  }
  if (const char* route = environment("AIP_PREDICT_ROUTE"); route != nullptr)
    state.options.vertex.predict_route = route;
  if (const char* route = environment("AIP_HEALTH_ROUTE"); route != nullptr) state.options.vertex.health_route = route;
  return {};
}

// Files alone switch nothing on, as with Triton.
void WarnOfUnusedFiles(ParseState& state, std::string_view service, bool is_offered, const TlsOptions& tls) {
  if (!is_offered || tls.use) return;
  for (const auto& [option, file] :
       {std::pair("server-cert", &tls.server_cert), std::pair("server-key", &tls.server_key),
        std::pair("root-cert", &tls.root_cert)}) {
    if (file->empty()) continue;
    state.warnings.push_back(
        fmt::format("Warning: '--{0}-{1}' has no effect without '--{0}-use-ssl=true': the service speaks no TLS.",
                    service, option));
    return;
  }
}

Status FinishOptions(ParseState& state, const Environment& environment) {
  Options& options = state.options;
  RETURN_IF_ERROR(FinishRepository(state, environment));
  RETURN_IF_ERROR(FinishCache(state));
  RETURN_IF_ERROR(FinishSagemaker(options.sagemaker, environment));
  RETURN_IF_ERROR(FinishTracing(state, environment));
  options.server.gpu_metrics = options.server.gpu_metrics && options.server.metrics;
  options.server.cpu_metrics = options.server.cpu_metrics && options.server.metrics;
  if (!options.given.contains("metrics-address")) {
    // A socket file cannot be shared with the HTTP service as an address can.
    const bool is_socket_file = options.http.address.starts_with(kSocketFile);
    options.metrics.address = is_socket_file ? "0.0.0.0" : options.http.address;
  }
  RETURN_IF_ERROR(Harden(state));
  WarnOfUnusedFiles(state, "http", options.http.allow, options.http.tls);
  WarnOfUnusedFiles(state, "grpc", options.grpc.allow, options.grpc.tls);
  WarnOfUnusedFiles(state, "metrics", options.server.metrics, options.metrics.tls);
  return CheckPorts(options);
}

}  // namespace neso
