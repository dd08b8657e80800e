#include "net/grpc_server.h"

#include <utility>

#include "net/protocols.h"
#include "net/server_core.h"

namespace neso::net {
namespace {

// Answers what is no call.
class NotGrpc final : public HttpHandler {
 public:
  BodyPolicy OnHead(const HttpHead&) override { return {.max_bytes = 64 * 1024}; }
  void OnRequest(HttpExchangeRef exchange) override {
    HttpResponse response;
    response.status = 415;
    response.content_type = "text/plain";
    response.body = "this port speaks gRPC: the content type must be application/grpc\n";
    exchange->Respond(std::move(response));
  }
};

HttpServerOptions ConnectionOptions(const GrpcServerOptions& options) {
  HttpServerOptions connection;
  connection.service_name = "GRPC";
  connection.tls = options.tls;
  connection.limits = options.limits;
  return connection;
}

GrpcSettings SettingsOf(const GrpcServerOptions& options) {
  return {.compression = options.compression, .keep_alive = options.keep_alive};
}

class Http2GrpcServer final : public GrpcServer {
 public:
  Http2GrpcServer(ReactorPool& reactors, GrpcHandler& handler, const GrpcServerOptions& options, ListenSocket socket)
      : core_(reactors,
              std::make_shared<ServerContext>(not_grpc_, ConnectionOptions(options), AllProtocols(),
                                              reactors.sentinel(), &handler, SettingsOf(options)),
              std::move(socket)) {}

  uint16_t port() const override { return core_.port(); }
  int listening_fd() const override { return core_.listening_fd(); }
  Status Accept() override { return core_.Accept(); }
  void LeaveSocket() override { core_.LeaveSocket(); }
  void BeginDrain(std::shared_ptr<Event> changed) override { core_.BeginDrain(std::move(changed)); }
  size_t ConnectionCount() const override { return core_.ConnectionCount(); }
  std::shared_ptr<const ServerLoad> Load() const override { return core_.Load(); }
  size_t BusyConnectionCount() const override { return core_.BusyCount(); }
  void EndIdleConnections() override { core_.EndIdle(); }

 private:
  NotGrpc not_grpc_;
  ServerCore core_;
};

}  // namespace

Expected<std::unique_ptr<GrpcServer>> GrpcServer::Start(ReactorPool& reactors, GrpcHandler& handler,
                                                        GrpcServerOptions options) {
  ASSIGN_OR_RETURN(ListenSocket socket, options.socket.fd >= 0
                                            ? ListenSocket::Adopt(options.socket, options.address, options.port)
                                            : ListenSocket::Open(options.address, options.port, options.reuse_port));
  RETURN_IF_ERROR(socket.AddNameWithPort(options.address, options.port));
  auto server = std::make_unique<Http2GrpcServer>(reactors, handler, options, std::move(socket));
  if (!options.accepts_later) RETURN_IF_ERROR(server->Accept());
  return std::unique_ptr<GrpcServer>(std::move(server));
}

}  // namespace neso::net
