// Options of the HTTP, SageMaker, Vertex AI and metrics services; those of gRPC are in option_table_grpc.cc.
#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "server/option_limits.h"
#include "server/option_spec.h"
#include "server/restricted_apis.h"

namespace neso {
namespace {

Status HttpMaxInputSize(ParseState& state, const std::string& argument) {
  ASSIGN_OR_RETURN(const int64_t bytes, ParseValue<int64_t>(argument));
  if (bytes <= 0) return InvalidArg("Error: --http-max-input-size must be greater than 0.");
  state.options.http.max_input_bytes = bytes;
  return {};
}

Status HttpRestrictedApi(ParseState& state, const std::string& argument) {
  return AddRestrictedApis(state.options.http.restricted_apis, "api", "", argument);
}

Status SagemakerSafePortRange(ParseState& state, const std::string& argument) {
  ASSIGN_OR_RETURN(const auto range, ParsePair(argument, "-"));
  ASSIGN_OR_RETURN(const int first, ParseValue<int>(range.first, argument));
  ASSIGN_OR_RETURN(const int last, ParseValue<int>(range.second, argument));
  state.options.sagemaker.safe_port_range = std::pair(first, last);
  return {};
}

// What others have is taken as it comes, so that their command lines work, but not without a word.
std::string WhyMetricsSettingIsIdle(std::string_view setting, std::string_view value) {
  constexpr std::array<std::string_view, 4> kBooleans = {"counter_latencies", "summary_latencies",
                                                         "histogram_latencies", "openmetrics"};
  if (std::find(kBooleans.begin(), kBooleans.end(), setting) != kBooleans.end()) {
    return value == "true" || value == "false" ? "" : "expected true or false";
  }
  const bool is_known = setting == "summary_quantiles" || setting == "histogram_buckets";
  return is_known
             ? ""
             : "expected counter_latencies, summary_latencies, histogram_latencies, openmetrics, summary_quantiles or "
               "histogram_buckets";
}

Status MetricsConfig(ParseState& state, const std::string& argument) {
  constexpr std::string_view kForm = "<setting>=<value>";
  const size_t equals = argument.find('=');
  if (equals == std::string::npos || argument.find(',') < equals) {
    return MalformedSetting("metrics-config", kForm, argument);
  }
  std::string setting = argument.substr(0, equals);
  std::string value = argument.substr(equals + 1);
  if (setting.empty() || value.empty()) return MalformedSetting("metrics-config", kForm, argument);
  if (const std::string why = WhyMetricsSettingIsIdle(setting, value); !why.empty()) {
    state.warnings.push_back(fmt::format("Warning: '--metrics-config={}' has no effect: {}.", argument, why));
  }
  state.options.server.metrics_config[""].emplace_back(std::move(setting), std::move(value));
  return {};
}

Status HttpLimit(ParseState& state, const std::string& argument) {
  state.http_limits_given.insert(argument.substr(0, argument.find('=')));
  return SetHttpLimit(state.options.http.limits, argument);
}

Status HttpCorsAllowOrigin(ParseState& state, const std::string& argument) {
  return state.options.http.cors.Allow(argument);
}

constexpr OptionSpec kHttp[] = {
    {"allow-http", "boolean", "Offer the HTTP service. Default is true.", Set<&Options::http, &HttpOptions::allow>},
    {"http-address", "string", "Address the HTTP service listens on. Default is 0.0.0.0.",
     Set<&Options::http, &HttpOptions::address>},
    {"http-port", "integer", "Port of the HTTP service. Default is 8000.", SetPort<&Options::http, &HttpOptions::port>},
    {"reuse-http-port", "boolean", "Share the HTTP port with other servers (SO_REUSEPORT). Default is false.",
     Set<&Options::http, &HttpOptions::reuse_port>},
    {"http-header-forward-pattern", "string",
     "Headers whose name matches this regular expression, whatever the case, become parameters of the request.",
     SetHeaderForwarder<&Options::http, &HttpOptions::header_forwarder>},
    {"http-thread-count", "integer", "Threads that handle HTTP requests. Default is 8.",
     SetThreads<&Options::http, &HttpOptions::thread_count>},
    {"http-max-input-size", "integer",
     "Largest request body in bytes, also after decompression. Default is 67108864 (64 MiB).", HttpMaxInputSize},
    {"http-use-ssl", "boolean", "Speak TLS. Default is false.",
     Set<&Options::http, &HttpOptions::tls, &TlsOptions::use>},
    {"http-use-ssl-mutual", "boolean", "Ask clients for a certificate, too; speaks TLS. Default is false.",
     SetMutualTls<&Options::http, &HttpOptions::tls>},
    {"http-server-cert", "string", "PEM file with the certificate of the server.",
     Set<&Options::http, &HttpOptions::tls, &TlsOptions::server_cert>},
    {"http-server-key", "string", "PEM file with the private key of the server.",
     Set<&Options::http, &HttpOptions::tls, &TlsOptions::server_key>},
    {"http-root-cert", "string", "PEM file with the certificates that clients are checked against.",
     Set<&Options::http, &HttpOptions::tls, &TlsOptions::root_cert>},
    {"http-restricted-api", "<string>:<string>=<string>",
     "Let only requests with a header use these APIs: api1,api2:header=value. May be given several times. The APIs are "
     "health, metadata, inference, shared-memory, model-config, model-repository, statistics, trace and logging.",
     HttpRestrictedApi},
    {"http-limit", "<string>=<integer>",
     "How much clients may do on this port, and on those of SageMaker and Vertex AI: connections, streams, head-bytes, "
     "open-head-bytes, unfinished-bytes, unread-bytes, bytes-per-second, head-timeout-ms, progress-timeout-ms or "
     "idle-timeout-ms. May be given several times.",
     HttpLimit},
    {"http-cors-allow-origin", "string",
     "Let web pages of these origins use the HTTP service from a browser: * or https://app.example.com,http://... May be "
     "given several times. Default is none.",
     HttpCorsAllowOrigin},
};

constexpr OptionSpec kSagemaker[] = {
    {"allow-sagemaker", "boolean", "Offer the SageMaker service. Default is false.",
     Set<&Options::sagemaker, &SagemakerOptions::allow>},
    {"sagemaker-port", "integer", "Port of the SageMaker service. Default is 8080.",
     SetPort<&Options::sagemaker, &SagemakerOptions::port>},
    {"sagemaker-safe-port-range", "<integer>-<integer>", "Ports that the other services may use.",
     SagemakerSafePortRange},
    {"sagemaker-thread-count", "integer", "Threads that handle SageMaker requests. Default is 8.",
     SetThreads<&Options::sagemaker, &SagemakerOptions::thread_count>},
};

constexpr OptionSpec kVertex[] = {
    {"allow-vertex-ai", "boolean",
     "Offer the Vertex AI service. Default is true where AIP_MODE is PREDICTION, false otherwise.",
     Set<&Options::vertex, &VertexOptions::allow>},
    {"vertex-ai-port", "integer", "Port of the Vertex AI service. Default is AIP_HTTP_PORT where set, else 8080.",
     SetPort<&Options::vertex, &VertexOptions::port>},
    {"vertex-ai-thread-count", "integer", "Threads that handle Vertex AI requests. Default is 8.",
     SetThreads<&Options::vertex, &VertexOptions::thread_count>},
    {"vertex-ai-default-model", "string",
     "Model that answers requests which name none. Needed when there are several models.",
     Set<&Options::vertex, &VertexOptions::default_model>},
};

constexpr OptionSpec kMetrics[] = {
    {"allow-metrics", "boolean", "Offer metrics in Prometheus' format. Default is true.",
     Set<&Options::server, &ServerOptions::metrics>},
    {"allow-gpu-metrics", "boolean", "Measure GPUs, if metrics are allowed. Default is true.",
     Set<&Options::server, &ServerOptions::gpu_metrics>},
    {"allow-cpu-metrics", "boolean", "Measure CPU and memory, if metrics are allowed. Default is true.",
     Set<&Options::server, &ServerOptions::cpu_metrics>},
    {"metrics-address", "string", "Address the metrics service listens on. Default is that of the HTTP service.",
     Set<&Options::metrics, &MetricsEndpointOptions::address>},
    {"metrics-port", "integer", "Port of the metrics service. Default is 8002.",
     SetPort<&Options::metrics, &MetricsEndpointOptions::port>},
    {"metrics-use-ssl", "boolean", "Speak TLS. Default is false.",
     Set<&Options::metrics, &MetricsEndpointOptions::tls, &TlsOptions::use>},
    {"metrics-use-ssl-mutual", "boolean", "Ask clients for a certificate, too; speaks TLS. Default is false.",
     SetMutualTls<&Options::metrics, &MetricsEndpointOptions::tls>},
    {"metrics-server-cert", "string", "PEM file with the certificate of the metrics service.",
     Set<&Options::metrics, &MetricsEndpointOptions::tls, &TlsOptions::server_cert>},
    {"metrics-server-key", "string", "PEM file with its private key.",
     Set<&Options::metrics, &MetricsEndpointOptions::tls, &TlsOptions::server_key>},
    {"metrics-root-cert", "string", "PEM file with the certificates that clients are checked against.",
     Set<&Options::metrics, &MetricsEndpointOptions::tls, &TlsOptions::root_cert>},
    {"metrics-interval-ms", "float", "Milliseconds between two measurements of GPUs and CPUs. Default is 2000.",
     Set<&Options::server, &ServerOptions::metrics_interval_ms>},
    {"metrics-config", "<string>=<string>",
     "A setting of the metrics: counter_latencies, summary_latencies, histogram_latencies (true or false), "
     "summary_quantiles (a list of quantile:error) or histogram_buckets (a list of milliseconds: the upper ends of the "
     "buckets of duration histograms). May be given several times.",
     MetricsConfig},
};

}  // namespace

OptionGroup HttpGroup() { return {"HTTP", kHttp}; }
OptionGroup SagemakerGroup() { return {"Sagemaker", kSagemaker}; }
OptionGroup VertexGroup() { return {"Vertex", kVertex}; }
OptionGroup MetricsGroup() { return {"Metrics", kMetrics}; }

}  // namespace neso
