#include "server/services.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "frontend/metrics/load_metrics.h"
#include "frontend/request_places.h"
#include "observe/trace_file.h"
#include "server/drain.h"
#include "server/startup_tables.h"
#include "server/tensorboard.h"
#include "server/trace_export.h"

namespace neso {
namespace {

// Threads start only while all others are busy, so this bounds a pile-up of slow loads and blocked models, no more.
constexpr size_t kMaxSlowThreads = 1024;
// Nobody waits for a process that another has replaced, so clients whose connection it accepted last have time to ask.
constexpr DrainPace kPaceAfterUpgrade{.idle_grace = std::chrono::milliseconds(3000),
                                      .at_least = std::chrono::milliseconds(200)};

// --http-thread-count, when given, is how many threads there are in all; otherwise the machine decides.
net::ReactorOptions ReactorOptionsFor(const Options& options) {
  net::ReactorOptions reactor_options;
  if (!options.given.contains("http-thread-count")) return reactor_options;
  const size_t threads = static_cast<size_t>(std::max(1, options.http.thread_count));
  reactor_options.threads_per_group = std::min(threads, reactor_options.threads_per_group);
  reactor_options.groups = threads / reactor_options.threads_per_group;
  return reactor_options;
}

net::GrpcCompression CompressionFor(GrpcCompressionLevel level) {
  switch (level) {
    case GrpcCompressionLevel::kNone: break;
    case GrpcCompressionLevel::kLow: return net::GrpcCompression::kLow;
    case GrpcCompressionLevel::kMedium: return net::GrpcCompression::kMedium;
    case GrpcCompressionLevel::kHigh: return net::GrpcCompression::kHigh;
  }
  return net::GrpcCompression::kNone;
}

// Negative numbers wrap around, as in Triton.
TraceSettings TraceSettingsFor(const TraceOptions& options) {
  return {.level = options.level,
          .rate = static_cast<uint32_t>(options.rate),
          .count = options.count,
          .log_frequency = static_cast<uint32_t>(options.log_frequency)};
}

std::shared_ptr<TraceSink> TraceSinkFor(const TraceOptions& options, const std::shared_ptr<OtlpExporter>& exporter,
                                        Executor& executor, bool takes_over) {
  if (exporter != nullptr) return exporter;
  std::string file = options.file;
  // A file begins anew with its process: the one that makes way would lose what it has written and what it writes yet.
  if (takes_over && !file.empty()) file += fmt::format(".{}", getpid());
  return std::make_shared<TraceFile>(std::move(file), executor);
}

SagemakerSettings SagemakerSettingsFor(const SagemakerOptions& options) {
  SagemakerSettings settings;
  settings.ping = options.ping == SagemakerPing::kLive ? Endpoint::kLive : Endpoint::kReady;
  switch (options.inference) {
    case SagemakerInference::kInfer: settings.invocations = Endpoint::kInfer; break;
    case SagemakerInference::kGenerate: settings.invocations = Endpoint::kGenerate; break;
    case SagemakerInference::kGenerateStream: settings.invocations = Endpoint::kGenerateStream; break;
  }
  settings.default_model = options.default_model;
  settings.hosted_models.models_root = options.models_root;
  return settings;
}

InferSettings InferSettingsFor(const Options& options, SharedMemoryManager& shared_memory, Tracer& tracer,
                               const AccessControl* access) {
  InferSettings settings{.tracer = tracer};
  settings.access = access;
  settings.shared_memory = &shared_memory;
  settings.max_input_bytes = static_cast<size_t>(options.http.max_input_bytes);
  return settings;
}

// Only the HTTP service forwards headers.
InferSettings HttpSettingsFor(const Options& options, SharedMemoryManager& shared_memory, Tracer& tracer,
                              const AccessControl* access) {
  InferSettings settings = InferSettingsFor(options, shared_memory, tracer, access);
  settings.header_forwarder = options.http.header_forwarder;
  return settings;
}

HttpServiceSettings HttpServiceSettingsFor(const Options& options) {
  return {.cors = options.http.cors,
          .is_encrypted = options.http.tls.use,
          .metrics_port = options.server.metrics ? options.metrics.port : 0,
          .refuse_early = options.access.refuse_early};
}

std::shared_ptr<AuditLog> AuditLogFor(const AccessOptions& options, Executor& executor) {
  return options.audit.file.empty() ? nullptr : std::make_shared<AuditLog>(options.audit, executor);
}

// Null when everybody may do everything, and nobody wants to hear of it.
std::unique_ptr<AccessControl> AccessControlFor(const AccessOptions& options, const CorsPolicy& pages,
                                                std::unique_ptr<AccessKeys> keys, std::shared_ptr<AuditLog> audit) {
  RequestGuard guard({.hosts = options.allowed_hosts, .checks_origin = options.check_origin, .pages = pages});
  const bool is_idle = keys == nullptr && audit == nullptr && !guard.is_on() && options.local_apis.empty() &&
                       options.allow_load_files && !options.refuse_early;
  if (is_idle) return nullptr;
  return std::make_unique<AccessControl>(AccessSettings{.keys = std::move(keys),
                                                        .open = options.open,
                                                        .local_only = options.local_apis,
                                                        .audit = std::move(audit),
                                                        .guard = std::move(guard),
                                                        .allow_load_files = options.allow_load_files});
}

// Whoever listens on the way could use what he hears.
void WarnOfPlainKeys(const char* service, const std::string& address, bool is_encrypted) {
  const bool is_local = address.starts_with("127.") || address == "localhost" || address == "::1" ||
                        address.starts_with("unix:") || address.starts_with("ipv4:127.") || address == "ipv6:::1";
  if (is_encrypted || is_local) return;
  LOG_WARNING("{} service: keys travel unencrypted over '{}'; give it a certificate", service, address);
}

// Says why, and hands `error` on.
Status Logged(Status error) {
  if (!error.ok()) LOG_ERROR("{}", error.message());
  return error;
}

// Likewise, with the name of the service.
Status NotStarted(const std::string& service, const Status& error) {
  LOG_ERROR("failed to start {} service: {} - {}", service, StatusCodeText(error.code()), error.message());
  return error;
}

net::Http2KeepAliveOptions KeepAliveFor(const GrpcOptions& options) {
  using std::chrono::milliseconds;
  return {.time = milliseconds(options.keepalive_time_ms),
          .timeout = milliseconds(options.keepalive_timeout_ms),
          .permit_without_calls = options.keepalive_permit_without_calls,
          .max_pings_without_data = options.http2_max_pings_without_data,
          .min_ping_interval = milliseconds(options.http2_min_recv_ping_interval_without_data_ms),
          .max_ping_strikes = options.http2_max_ping_strikes,
          .max_age = milliseconds(options.max_connection_age_ms),
          .max_age_grace = milliseconds(options.max_connection_age_grace_ms)};
}

}  // namespace

Services::Services(InferenceServer& server, const Options& options, ServiceCredentials credentials,
                   std::shared_ptr<OtlpExporter> trace_exporter, bool takes_over)
    : server_(server),
      options_(options),
      credentials_(std::move(credentials)),
      shared_memory_({.is_allowed = options.allow_client_shm, .max_regions = options.max_shared_memory_regions}),
      slow_work_("neso-slow", kMaxSlowThreads),
      audit_(AuditLogFor(options.access, slow_work_)),
      access_(AccessControlFor(options.access, options.http.cors, std::move(credentials_.keys), audit_)),
      trace_exporter_(std::move(trace_exporter)),
      tracer_(TraceSettingsFor(options.trace), TraceSinkFor(options.trace, trace_exporter_, slow_work_, takes_over)),
      reactors_(slow_work_, ReactorOptionsFor(options)),
      grpc_frontend_(server, slow_work_, shared_memory_, tracer_, options.grpc.restricted_protocols,
                     options.grpc.header_forwarder, access_.get()),
      http_frontend_(server, slow_work_, HttpSettingsFor(options, shared_memory_, tracer_, access_.get()),
                     options.http.restricted_apis, HttpServiceSettingsFor(options)),
      metrics_frontend_(server, slow_work_, access_.get()) {}

Services::~Services() = default;

Status Services::Listen(const char* title, net::HttpHandler& handler, net::HttpServerOptions listen_options,
                        std::unique_ptr<net::HttpServer>& service) {
  const std::string name = listen_options.service_name;
  const std::string address = listen_options.address;
  const bool is_port_known = listen_options.port != 0 && listen_options.socket.fd < 0;
  // The line comes before the port is bound, as log readers know it, unless only then the port is known.
  if (is_port_known) LOG_INFO("Started {} at {}:{}", title, address, listen_options.port);
  listen_options.accepts_later = true;
  auto listening = net::HttpServer::Start(reactors_, handler, std::move(listen_options));
  if (!listening) return NotStarted(name, listening.error());
  service = *std::move(listening);
  if (!is_port_known) LOG_INFO("Started {} at {}:{}", title, address, service->port());
  return {};
}

Status Services::Start(InheritedSockets inherited) {
  inherited_ = std::move(inherited);
  // Triton starts, too: an update may put the settings right.
  const Status traceable = CheckTraceSettings(tracer_.Settings(""), tracer_.file(), tracer_.mode());
  if (!traceable.ok()) LOG_ERROR("nothing is traced: {}", traceable.message());
  if (audit_) RETURN_IF_ERROR(Logged(audit_->Open()));
  if (trace_exporter_ != nullptr) {
    server_.metrics().AddCollector(TraceExportMetrics(trace_exporter_));
    if ((options_.trace.level & TRITONSERVER_TRACE_LEVEL_TENSORS) != 0) {
      LOG_WARNING("trace level TENSORS has no effect in trace mode opentelemetry");
    }
  }
  RequestPlaces::OfProcess().SetLimit(options_.access.max_requests);
  if (!options_.access.keys_file.empty()) {
    if (options_.grpc.allow) WarnOfPlainKeys("GRPC", options_.grpc.address, options_.grpc.tls.use);
    if (options_.http.allow) WarnOfPlainKeys("HTTP", options_.http.address, options_.http.tls.use);
  }
  tensorboard_ = MakeTensorboardLog(server_, options_);
  RETURN_IF_ERROR(StartAll());
  return Logged(AcceptAll());
}

Status Services::StartAll() {
  if (options_.grpc.allow) RETURN_IF_ERROR(StartGrpc());
  if (options_.http.allow) RETURN_IF_ERROR(StartHttp());
  if (options_.sagemaker.allow) RETURN_IF_ERROR(StartSagemaker());
  if (options_.vertex.allow) RETURN_IF_ERROR(StartVertex());
  return options_.server.metrics ? StartMetrics() : Status();
}

Status Services::AcceptAll() {
  if (grpc_) RETURN_IF_ERROR(grpc_->Accept());
  for (const auto& [name, server] : HttpServers()) RETURN_IF_ERROR(server->Accept());
  return {};
}

void Services::AddLoadMetrics() {
  std::vector<NamedLoad> loads;
  if (grpc_) loads.emplace_back("GRPC", grpc_->Load());
  if (http_) loads.emplace_back("HTTP", http_->Load());
  if (sagemaker_) loads.emplace_back("Sagemaker", sagemaker_->Load());
  if (vertex_) loads.emplace_back("Vertex AI", vertex_->Load());
  server_.metrics().AddCollector(LoadMetricsCollector(std::move(loads)));
}

Status Services::StartGrpc() {
  LogTable(LogLevel::kVerbose, KeepAliveTable(options_.grpc));
  net::GrpcServerOptions listen_options;
  listen_options.address = options_.grpc.address;
  listen_options.port = static_cast<uint16_t>(options_.grpc.port);
  listen_options.reuse_port = options_.grpc.reuse_port;
  listen_options.accepts_later = true;
  listen_options.socket = inherited_.TakeOf("grpc");
  listen_options.compression = CompressionFor(options_.grpc.compression_level);
  listen_options.keep_alive = KeepAliveFor(options_.grpc);
  listen_options.limits = options_.grpc.limits;
  listen_options.tls = credentials_.grpc;
  auto grpc = net::GrpcServer::Start(reactors_, grpc_frontend_, std::move(listen_options));
  if (!grpc) {
    LOG_ERROR("failed to start GRPC service: {} - {}", StatusCodeText(grpc.error().code()), grpc.error().message());
    return grpc.error();
  }
  grpc_ = *std::move(grpc);
  // A socket file has no port of its own: it is shown with that of the options, as log readers know it.
  const int port = grpc_->port() != 0 ? grpc_->port() : options_.grpc.port;
  LOG_INFO("Started GRPCInferenceService at {}:{}", options_.grpc.address, port);
  return {};
}

Status Services::StartHttp() {
  net::HttpServerOptions listen_options;
  listen_options.address = options_.http.address;
  listen_options.port = static_cast<uint16_t>(options_.http.port);
  listen_options.reuse_port = options_.http.reuse_port;
  listen_options.socket = inherited_.TakeOf("http");
  listen_options.tls = credentials_.http;
  listen_options.limits = options_.http.limits;
  return Listen("HTTPService", http_frontend_, std::move(listen_options), http_);
}

Status Services::StartSagemaker() {
  sagemaker_frontend_ = std::make_unique<SagemakerFrontend>(
      server_, slow_work_, SagemakerSettingsFor(options_.sagemaker),
      InferSettingsFor(options_, shared_memory_, tracer_, access_.get()), options_.http.restricted_apis);
  net::HttpServerOptions listen_options;
  listen_options.service_name = "Sagemaker";
  listen_options.address = options_.sagemaker.address;
  listen_options.port = static_cast<uint16_t>(options_.sagemaker.port);
  listen_options.socket = inherited_.TakeOf("sagemaker");
  listen_options.limits = options_.http.limits;
  return Listen("Sagemaker HTTPService", *sagemaker_frontend_, std::move(listen_options), sagemaker_);
}

Status Services::StartVertex() {
  net::HttpServerOptions listen_options;
  listen_options.service_name = "Vertex AI";
  listen_options.address = options_.vertex.address;
  listen_options.port = static_cast<uint16_t>(options_.vertex.port);
  listen_options.socket = inherited_.TakeOf("vertex");
  listen_options.limits = options_.http.limits;
  auto frontend = VertexFrontend::Create(server_, slow_work_,
                                         {.predict_route = options_.vertex.predict_route,
                                          .health_route = options_.vertex.health_route,
                                          .default_model = options_.vertex.default_model},
                                         InferSettingsFor(options_, shared_memory_, tracer_, access_.get()),
                                         options_.http.restricted_apis);
  if (!frontend) return NotStarted(listen_options.service_name, frontend.error());
  vertex_frontend_ = *std::move(frontend);
  return Listen("Vertex AI HTTPService", *vertex_frontend_, std::move(listen_options), vertex_);
}

Status Services::StartMetrics() {
  AddLoadMetrics();
  net::HttpServerOptions listen_options;
  listen_options.service_name = "Metrics";
  listen_options.address = options_.metrics.address;
  listen_options.port = static_cast<uint16_t>(options_.metrics.port);
  listen_options.socket = inherited_.TakeOf("metrics");
  listen_options.tls = credentials_.metrics;
  if (options_.access.hardened) listen_options.limits = options_.http.limits;
  return Listen("Metrics Service", metrics_frontend_, std::move(listen_options), metrics_);
}

std::vector<std::pair<const char*, net::HttpServer*>> Services::HttpServers() const {
  std::vector<std::pair<const char*, net::HttpServer*>> servers = {
      {"http", http_.get()}, {"sagemaker", sagemaker_.get()}, {"vertex", vertex_.get()}, {"metrics", metrics_.get()}};
  std::erase_if(servers, [](const auto& server) { return server.second == nullptr; });
  return servers;
}

std::vector<ListeningSocket> Services::ListeningSockets() const {
  std::vector<ListeningSocket> sockets;
  if (grpc_) sockets.push_back({"grpc", grpc_->listening_fd()});
  for (const auto& [name, server] : HttpServers()) sockets.push_back({name, server->listening_fd()});
  return sockets;
}

void Services::LeaveSockets() {
  has_left_sockets_ = true;
  if (grpc_) grpc_->LeaveSocket();
  for (const auto& [name, server] : HttpServers()) server->LeaveSocket();
}

// Where another process has taken over, nobody is refused: gRPC clients are told by GOAWAY, and what they have sent before
// they heard of it is served.
void Services::Drain(TimePoint deadline) {
  if (!has_left_sockets_) grpc_frontend_.BeginDrain();
  std::vector<DrainedService> draining;
  if (grpc_) {
    draining.push_back(DrainedService::Of(*grpc_, "GRPC"));
    draining.back().end_idle_streams = [this] {
      if (has_left_sockets_) grpc_frontend_.BeginDrain();
      grpc_frontend_.EndIdleStreams();
    };
  }
  if (http_) draining.push_back(DrainedService::Of(*http_, "HTTP"));
  if (has_left_sockets_) {
    if (sagemaker_) draining.push_back(DrainedService::Of(*sagemaker_, "Sagemaker"));
    if (vertex_) draining.push_back(DrainedService::Of(*vertex_, "Vertex AI"));
    if (metrics_) draining.push_back(DrainedService::Of(*metrics_, "Metrics"));
    DrainServices(draining, deadline, kPaceAfterUpgrade);
  } else {
    DrainServices(draining, deadline);
  }
  if (tensorboard_) tensorboard_->Close();  // while models are there
}

}  // namespace neso
