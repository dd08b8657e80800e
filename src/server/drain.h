// The end of a network service: no new connections, then a while for the open ones to finish.
#pragma once

#include <functional>
#include <string_view>

#include "base/clock.h"

namespace neso {

void WaitForNone(const std::function<size_t()>& connection_count, std::string_view service_name, TimePoint deadline);

// Returns when `server` has no connection left, or at `deadline`; logs what it waits for every second. Call
// BeginDrain on all services first, so that they drain at the same time.
template <typename Server>  // net::HttpServer, net::GrpcServer
void WaitForConnections(const Server& server, std::string_view service_name, TimePoint deadline) {
  WaitForNone([&server] { return server.ConnectionCount(); }, service_name, deadline);
}

}  // namespace neso
