// Listens on an address and gives gRPC calls to a handler, on the same network threads as HTTP.
//
//   auto server = GrpcServer::Start(reactors, handler, {.port = 8001});
//
// Thread-safe. Requests over HTTP/2 that are not gRPC are answered with 415.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/event.h"
#include "base/status.h"
#include "net/given_socket.h"
#include "net/grpc_call.h"
#include "net/http2_keep_alive_options.h"
#include "net/server_load.h"
#include "net/service_limits.h"

namespace neso::net {

class ReactorPool;
class TlsCredentials;

struct GrpcServerOptions {
  std::string address = "0.0.0.0";  // also "ipv6:<addr>" and "unix:<path>", then known as "<path>:<port>", too
  uint16_t port = 0;                // 0: any free one
  bool reuse_port = false;
  bool accepts_later = false;  // than Start()
  GivenSocket socket = {};     // instead of one of its own
  // A call that leaves more unread ends with RESOURCE_EXHAUSTED.
  ServiceLimits limits = {.max_unread_bytes = 128u << 20};
  // How much answers are compressed for clients that accept it; which method it comes to follows gRPC's own rule.
  GrpcCompression compression = GrpcCompression::kNone;
  Http2KeepAliveOptions keep_alive = {};
  std::shared_ptr<TlsCredentials> tls = nullptr;  // null: plain text
};

class GrpcServer {
 public:
  // Binds, listens, and accepts unless that is for later; `handler` and `reactors` outlive the server. Error:
  // kUnavailable "Socket 'ADDR:PORT' already in use ".
  static Expected<std::unique_ptr<GrpcServer>> Start(ReactorPool& reactors, GrpcHandler& handler,
                                                     GrpcServerOptions options);
  virtual ~GrpcServer() = default;

  virtual uint16_t port() const = 0;
  virtual int listening_fd() const = 0;
  // Once, of one that `accepts_later`; connections wait until then. Error: kUnavailable, with the system's reason.
  virtual Status Accept() = 0;
  // Accepts no more from it, while others go on; before BeginDrain.
  virtual void LeaveSocket() = 0;
  // Stops accepting, sends GOAWAY and lets the calls in flight end. Returns at once. `changed`: as of an HttpServer.
  virtual void BeginDrain(std::shared_ptr<Event> changed) = 0;
  // Connections still open, and those of them on which a request is under way.
  virtual size_t ConnectionCount() const = 0;
  // May outlive the server.
  virtual std::shared_ptr<const ServerLoad> Load() const = 0;
  virtual size_t BusyConnectionCount() const = 0;
  // Closes the connections that wait for a next request; after BeginDrain.
  virtual void EndIdleConnections() = 0;
};

}  // namespace neso::net
