// Listens on an address and gives complete HTTP requests to a handler.
//
// Thread-safe. Limits answer with 400, 408, 411, 413, 414, 431, 501 or 505 and then close the connection.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/event.h"
#include "base/status.h"
#include "net/given_socket.h"
#include "net/http_exchange.h"
#include "net/server_load.h"
#include "net/service_limits.h"

namespace neso::net {

class ReactorPool;
class TlsCredentials;

struct HttpServerOptions {
  std::string service_name = "HTTP";  // for "Socket '<addr>:<port>' already in use "
  std::string address = "0.0.0.0";    // also "ipv6:<addr>" and "unix:<path>"
  uint16_t port = 0;                  // 0: any free one
  bool reuse_port = false;
  bool accepts_later = false;                     // than Start()
  GivenSocket socket = {};                        // instead of one of its own
  std::shared_ptr<TlsCredentials> tls = nullptr;  // null: plain text
  ServiceLimits limits = {};
};

class HttpServer {
 public:
  // Binds, listens, and accepts unless that is for later; `handler` and `reactors` outlive the server. Error:
  // kUnavailable "Socket 'ADDR:PORT' already in use ".
  static Expected<std::unique_ptr<HttpServer>> Start(ReactorPool& reactors, HttpHandler& handler,
                                                     HttpServerOptions options);
  virtual ~HttpServer() = default;

  virtual uint16_t port() const = 0;
  virtual int listening_fd() const = 0;
  // Once, of one that `accepts_later`; connections wait until then. Error: kUnavailable, with the system's reason.
  virtual Status Accept() = 0;
  // Accepts no more from it, while others go on; before BeginDrain.
  virtual void LeaveSocket() = 0;
  // Stops accepting, and answers with "Connection: close" from now on; clients that stall are cut after two seconds. An
  // idle connection stays open, since a request may be on its way. Returns at once. From then on `changed`, which may
  // be null, is set when a connection waits for its next request, when the last request of one ends with it, and when
  // no connection is left.
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
