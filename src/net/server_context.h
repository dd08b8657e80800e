// What the connections of one server share, and the list of them. Thread-safe.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <vector>

#include "base/event.h"
#include "base/mutex.h"
#include "net/grpc_call.h"
#include "net/http2_keep_alive_options.h"
#include "net/http_server.h"
#include "net/reactor/reactor_sentinel.h"
#include "net/server_load.h"

namespace neso::net {

class Connection;
class SessionFactory;

// How a gRPC server answers and keeps its connections.
struct GrpcSettings {
  // How much answers are compressed for clients that accept it; which method it comes to follows gRPC's own rule.
  GrpcCompression compression = GrpcCompression::kNone;
  Http2KeepAliveOptions keep_alive = {};
};

struct ServerContext {
  using Connections = std::list<std::shared_ptr<Connection>>;

  // All but the options outlive it.
  ServerContext(HttpHandler& handler, HttpServerOptions options, const SessionFactory& sessions,
                ReactorSentinel& sentinel, GrpcHandler* grpc = nullptr, GrpcSettings grpc_settings = {})
      : handler(handler),
        options(std::move(options)),
        sessions(sessions),
        grpc(grpc),
        grpc_settings(grpc_settings),
        sentinel(sentinel) {}

  HttpHandler& handler;
  const HttpServerOptions options;
  const SessionFactory& sessions;
  GrpcHandler* const grpc;  // null on a port for HTTP; otherwise connections begin with HTTP/2, and calls go here
  const GrpcSettings grpc_settings;
  ReactorSentinel& sentinel;
  std::atomic<bool> draining{false};
  std::atomic<bool> ending{false};  // no connection may stay open
  ServerLoad load;

  // A connection is listed from accept until it is closed; the list owns it.
  Connections::iterator Enlist(std::shared_ptr<Connection> connection);
  std::shared_ptr<Connection> Delist(Connections::iterator position);
  std::vector<std::shared_ptr<Connection>> Select(const std::function<bool(const Connection&)>& wanted) const;
  // Up to `count` connections, others each time until all have had their turn.
  std::vector<std::shared_ptr<Connection>> TakeTurns(size_t count);
  size_t ConnectionCount() const { return load.connections.load(std::memory_order_relaxed); }

  size_t Count(const std::function<bool(const Connection&)>& wanted) const;

  // Sets `draining`, and lets `watcher`, which may be null, know of what happens to connections. False: it was set
  // before.
  bool BeginDrain(std::shared_ptr<Event> watcher);
  // A connection has become idle. Costs a look when the server does not drain.
  void NoteIdle() {
    if (draining.load(std::memory_order_acquire) && drain_watcher != nullptr) drain_watcher->Set();
  }

  // Around calls of the handler and of callbacks, so that the server's end can wait for them. Begin is called in the
  // strand of a connection that is still listed.
  void BeginCall() { calls.fetch_add(1, std::memory_order_relaxed); }
  void EndCall();
  // Returns when there is no connection and no call left.
  void WaitUntilQuiet();

 private:
  mutable Mutex mutex;
  CondVar changed;
  std::shared_ptr<Event> drain_watcher;  // constant from the moment that `draining` is set
  Connections connections GUARDED_BY(mutex);
  size_t peak GUARDED_BY(mutex) = 0;  // of connections, since memory was last given back
  std::atomic<size_t> calls{0};
  std::atomic<bool> waiting{false};
};

}  // namespace neso::net
