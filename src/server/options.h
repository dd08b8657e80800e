// The command line as plain data.
//
//   ParseResult result = ParseOptions({argv, argv + argc}, ProcessEnvironment);
//   for (const std::string& warning : result.warnings) std::cerr << warning << "\n";
//   if (!result.answer.empty()) { std::cout << result.answer; return 0; }
//   if (!result.options) { std::cerr << result.failure_text; return 1; }
//   Serve(*result.options);
//
// Names, defaults, value forms and error texts are tritonserver's, since start scripts and charts rely on them. How a
// refused command line and --help are answered depends on the name the program was called by.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "engine/server_options.h"
#include "frontend/access/access_right.h"
#include "frontend/access/audit_log.h"
#include "frontend/header_forwarder.h"
#include "frontend/http/cors.h"
#include "frontend/restricted_apis.h"
#include "net/service_limits.h"
#include "observe/opentelemetry/otlp_settings.h"
#include "observe/tensorboard/tensorboard_log.h"
#include "observe/trace_settings.h"

namespace neso {

struct TlsOptions {
  bool use = false;
  bool mutual = false;      // clients have to show a certificate that `root_cert` leads to
  std::string server_cert;  // PEM files
  std::string server_key;
  std::string root_cert;
};

struct HttpOptions {
  bool allow = true;
  std::string address = "0.0.0.0";
  int port = 8000;
  bool reuse_port = false;
  std::shared_ptr<const HeaderForwarder> header_forwarder;  // null: none are forwarded
  int thread_count = 8;
  int64_t max_input_bytes = 67'108'864;
  net::ServiceLimits limits;
  TlsOptions tls;
  RestrictedApis restricted_apis;
  CorsPolicy cors;
};

enum class GrpcCompressionLevel { kNone, kLow, kMedium, kHigh };

struct GrpcOptions {
  bool allow = true;
  std::string address = "0.0.0.0";
  int port = 8001;
  bool reuse_port = false;
  std::shared_ptr<const HeaderForwarder> header_forwarder;  // null: none are forwarded
  int infer_thread_count = 2;
  int infer_allocation_pool_size = 8;
  int max_response_pool_size = 2'147'483'647;
  TlsOptions tls;
  GrpcCompressionLevel compression_level = GrpcCompressionLevel::kNone;
  int keepalive_time_ms = 7'200'000;
  int keepalive_timeout_ms = 20'000;
  bool keepalive_permit_without_calls = false;
  int http2_max_pings_without_data = 2;  // 0: unlimited
  int http2_min_recv_ping_interval_without_data_ms = 300'000;
  int http2_max_ping_strikes = 2;  // 0: unlimited
  int max_connection_age_ms = 0;   // 0: unlimited
  int max_connection_age_grace_ms = 0;
  net::ServiceLimits limits{.max_unread_bytes = 128u << 20};
  RestrictedApis restricted_protocols;
};

enum class SagemakerPing { kReady, kLive };
enum class SagemakerInference { kInfer, kGenerate, kGenerateStream };

struct SagemakerOptions {
  bool allow = false;
  std::string address = "0.0.0.0";  // fixed
  int port = 8080;
  std::optional<std::pair<int, int>> safe_port_range;  // the other services' ports, both ends included
  int thread_count = 8;
  // From the environment: SAGEMAKER_TRITON_PING_MODE, _INFERENCE_TYPE, _DEFAULT_MODEL_NAME; NESO_SAGEMAKER_ROOT.
  SagemakerPing ping = SagemakerPing::kReady;
  SagemakerInference inference = SagemakerInference::kInfer;
  std::string default_model = "unspecified_SAGEMAKER_TRITON_DEFAULT_MODEL_NAME";  // shows in the answer's error
  std::string models_root = "/opt/ml/models";
};

struct VertexOptions {
  bool allow = false;
  std::string address = "0.0.0.0";  // fixed
  int port = 8080;
  int thread_count = 8;
  std::string default_model;
  // From the environment: AIP_PREDICT_ROUTE, AIP_HEALTH_ROUTE. The service does not start without them.
  std::string predict_route;
  std::string health_route;
};

// Whether there are metrics at all is `server.metrics`.
struct MetricsEndpointOptions {
  std::string address;  // the HTTP service's, unless given
  int port = 8002;
  TlsOptions tls;
};

// Who may do what, beyond what Triton has.
struct AccessOptions {
  std::string keys_file;  // empty: no keys are asked for
  AccessRights open = AccessRights::Of(AccessRight::kHealth);
  AuditSettings audit;
  // For a server that strangers reach; --hardened sets them all.
  bool hardened = false;
  AccessRights local_apis;                                // without keys: only for clients on this machine
  std::optional<std::vector<std::string>> allowed_hosts;  // beside addresses and localhost; unset: any
  bool check_origin = false;
  bool refuse_early = false;
  bool allow_load_files = true;
  size_t max_requests = SIZE_MAX;  // of inference, under way at a time
};

struct TraceOptions {
  uint32_t level = 0;  // TRITONSERVER_InferenceTraceLevel bits
  int rate = 1000;
  int count = -1;
  int log_frequency = 0;
  TraceMode mode = TraceMode::kTriton;
  std::string file;
  Settings opentelemetry;  // as they are shown
  OtlpSettings otlp;       // what follows from them
};

// How the process lives and ends.
struct ProcessOptions {
  std::chrono::milliseconds exit_grace{0};  // after a signal to stop: serving still, and not ready
  std::string crash_report_folder;          // empty: reports go to stderr only
};

struct Options {
  Options();  // defaults of the command line, which differ from those of the C ABI

  ServerOptions server;
  ProcessOptions process;
  LogSettings log;
  HttpOptions http;
  GrpcOptions grpc;
  SagemakerOptions sagemaker;
  VertexOptions vertex;
  MetricsEndpointOptions metrics;
  TraceOptions trace;
  TensorboardOptions tensorboard;
  AccessOptions access;
  std::chrono::milliseconds repository_poll_interval = std::chrono::seconds(15);  // 0 unless the control mode is poll
  bool allow_client_shm = false;
  unsigned max_shared_memory_regions = 16384;
  std::string memory_budget = "50%";  // as ParseMemoryBudget takes it
  std::set<std::string> given;        // names of the options on the command line, without "--"
};

// Value of an environment variable, or null.
using Environment = std::function<const char*(const char* name)>;
const char* ProcessEnvironment(const char* name);

struct ParseResult {
  std::optional<Options> options;
  std::string answer;                 // what --help or --version asked for: for stdout; the exit code is then 0
  std::string failure_text;           // without options and answer: for stderr; the exit code is then 1
  std::vector<std::string> warnings;  // one line each, for stderr
};

// `arguments[0]` is the program's name. Not thread-safe: it uses getopt_long, which, for tritonserver, also says on
// stderr which option it does not know or finds ambiguous.
ParseResult ParseOptions(std::vector<std::string> arguments, const Environment& environment);

}  // namespace neso
