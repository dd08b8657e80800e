#include "net/http_server.h"

#include <utility>

#include "net/protocols.h"
#include "net/server_core.h"

namespace neso::net {
namespace {

class EpollHttpServer final : public HttpServer {
 public:
  EpollHttpServer(ReactorPool& reactors, HttpHandler& handler, const HttpServerOptions& options, ListenSocket socket)
      : core_(reactors, std::make_shared<ServerContext>(handler, options, AllProtocols(), reactors.sentinel()),
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
  ServerCore core_;
};

}  // namespace

Expected<std::unique_ptr<HttpServer>> HttpServer::Start(ReactorPool& reactors, HttpHandler& handler,
                                                        HttpServerOptions options) {
  ASSIGN_OR_RETURN(ListenSocket socket, options.socket.fd >= 0
                                            ? ListenSocket::Adopt(options.socket, options.address, options.port)
                                            : ListenSocket::Open(options.address, options.port, options.reuse_port));
  auto server = std::make_unique<EpollHttpServer>(reactors, handler, options, std::move(socket));
  if (!options.accepts_later) RETURN_IF_ERROR(server->Accept());
  return std::unique_ptr<HttpServer>(std::move(server));
}

}  // namespace neso::net
