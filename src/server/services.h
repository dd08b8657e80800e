// The network services that the options ask for, each on its port, all on the same network threads.
//
//   Services services(*server, options, credentials);
//   RETURN_IF_ERROR(services.Start());
//   ...
//   services.Drain(deadline);
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "engine/inference_server.h"
#include "frontend/access/access_control.h"
#include "frontend/access/audit_log.h"
#include "frontend/grpc/grpc_frontend.h"
#include "frontend/http/http_frontend.h"
#include "frontend/metrics/metrics_frontend.h"
#include "frontend/sagemaker/sagemaker_frontend.h"
#include "frontend/shared_memory/shared_memory_manager.h"
#include "frontend/vertex/vertex_frontend.h"
#include "net/grpc_server.h"
#include "net/http_server.h"
#include "net/reactor/reactor_pool.h"
#include "observe/opentelemetry/otlp_exporter.h"
#include "observe/tensorboard/tensorboard_log.h"
#include "observe/tracer.h"
#include "server/inherited_sockets.h"
#include "server/options.h"
#include "server/service_credentials.h"
#include "server/upgrade.h"

namespace neso {

// Confined to the main thread. `server` outlives it.
class Services {
 public:
  // `trace_exporter`: where traces go; null: to files. `takes_over`: from a process that may still write to its own.
  Services(InferenceServer& server, const Options& options, ServiceCredentials credentials,
           std::shared_ptr<OtlpExporter> trace_exporter, bool takes_over);
  ~Services();  // closes what is still open

  // In order: gRPC, HTTP, SageMaker, Vertex AI, metrics. None answers before all listen: whoever is told that the server
  // is ready finds the others. Error: that of the first service that cannot listen, after which the process should end.
  // `inherited`: sockets that are there already.
  Status Start(InheritedSockets inherited = {});
  // A process that makes way for this one is told that it can.
  void TellPredecessor() { inherited_.TellPredecessor(); }

  // Those of all services, for a process that is to take over.
  std::vector<ListeningSocket> ListeningSockets() const;
  // Another process accepts the connections from now on.
  void LeaveSockets();
  // Whether the network threads do, within `time`.
  bool Answer(Nanoseconds time) const { return reactors_.Answers(time); }

  // Stops taking inference requests and waits until those connections have finished, or until `deadline`. Metrics can
  // still be read. After LeaveSockets idle connections are given more time.
  void Drain(TimePoint deadline);

  // What is traced and not exported yet is given up then.
  void ExportTracesUntil(TimePoint deadline) {
    if (trace_exporter_) trace_exporter_->CloseBy(deadline);
  }

  // For an end without destructors: what has been traced and audited is written to the disk.
  void WriteTraces() {
    tracer_.Close();
    if (audit_) audit_->Close();
  }

 private:
  // The HTTP services that there are, by the names of their sockets.
  std::vector<std::pair<const char*, net::HttpServer*>> HttpServers() const;
  Status StartGrpc();
  Status StartHttp();
  Status StartSagemaker();
  Status StartVertex();
  Status StartMetrics();
  Status StartAll();
  Status AcceptAll();
  void AddLoadMetrics();
  // Says so in the log, or why it could not.
  Status Listen(const char* title, net::HttpHandler& handler, net::HttpServerOptions listen_options,
                std::unique_ptr<net::HttpServer>& service);

  InferenceServer& server_;
  const Options& options_;
  ServiceCredentials credentials_;
  InheritedSockets inherited_;
  SharedMemoryManager shared_memory_;
  Executor slow_work_;                                  // model loading, and inference that no network thread can take
  const std::shared_ptr<AuditLog> audit_;               // null: there is none
  const std::unique_ptr<AccessControl> access_;         // likewise
  const std::shared_ptr<OtlpExporter> trace_exporter_;  // null: traces go to files
  Tracer tracer_;                                // when it goes no connection is left, and with it no trace under way
  std::unique_ptr<TensorboardLog> tensorboard_;  // null: there is none
  net::ReactorPool reactors_;
  GrpcFrontend grpc_frontend_;
  HttpFrontend http_frontend_;
  std::unique_ptr<SagemakerFrontend> sagemaker_frontend_;  // when it is allowed
  std::unique_ptr<VertexFrontend> vertex_frontend_;        // likewise
  MetricsFrontend metrics_frontend_;
  std::unique_ptr<net::GrpcServer> grpc_;
  std::unique_ptr<net::HttpServer> http_;
  std::unique_ptr<net::HttpServer> sagemaker_;
  std::unique_ptr<net::HttpServer> vertex_;
  std::unique_ptr<net::HttpServer> metrics_;
  bool has_left_sockets_ = false;
};

}  // namespace neso
