// The end of network services: no new connections, then a while for the open ones to finish.
//
//   DrainServices({DrainedService::Of(*grpc, "GRPC"), DrainedService::Of(*http, "HTTP")}, deadline);
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/event.h"

namespace neso {

struct DrainPace {
  // For a request that was sent before its client could hear of the end: a round trip over the internet.
  std::chrono::milliseconds idle_grace{100};
  // Also where no connection is left: one may have been accepted just now that nobody counts yet.
  std::chrono::milliseconds at_least{0};
};

struct DrainedService {
  std::string_view name;
  // No new connections from here on. `changed` is set when one gets idle, when a busy one is gone, and when all are.
  std::function<void(std::shared_ptr<Event> changed)> begin;
  std::function<size_t()> connections;
  std::function<size_t()> busy_connections;
  std::function<void()> end_idle_connections;
  // Streams whose clients have nothing under way; null for a service that has none.
  std::function<void()> end_idle_streams = {};

  template <typename Server>  // net::HttpServer, net::GrpcServer
  static DrainedService Of(Server& server, std::string_view name) {
    return {name, [&server](std::shared_ptr<Event> changed) { server.BeginDrain(std::move(changed)); },
            [&server] { return server.ConnectionCount(); }, [&server] { return server.BusyConnectionCount(); },
            [&server] { server.EndIdleConnections(); }};
  }
};

// Begins, and returns when no connection is left, or at `deadline`; logs what it waits for every second. Idle
// connections are kept as long as requests are under way on others, and a moment in any case: a client that does not
// know yet that the server ends may have sent its next request. Idle streams, which keep their connections busy, end
// after a second.
void DrainServices(const std::vector<DrainedService>& services, TimePoint deadline, DrainPace pace = {});

}  // namespace neso
