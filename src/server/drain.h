// The end of a network service: no new connections, then a while for the open ones to finish.
#pragma once

#include <string_view>

#include "base/clock.h"
#include "net/http_server.h"

namespace neso {

// Returns when `server` has no connection left, or at `deadline`; logs what it waits for every second. Call
// BeginDrain on all services first, so that they drain at the same time.
void WaitForConnections(const net::HttpServer& server, std::string_view service_name, TimePoint deadline);

}  // namespace neso
