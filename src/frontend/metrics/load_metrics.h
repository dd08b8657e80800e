// What the services do for their clients: connections, requests, answers by status, bytes, and the memory of payload.
//
//   server.metrics().AddCollector(LoadMetricsCollector({{"HTTP", http->Load()}, {"GRPC", grpc->Load()}}));
//
// On a server that nobody talks to the requests and the memory are zero, whatever clients did before.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "net/server_load.h"
#include "observe/metric_registry.h"

namespace neso {

using NamedLoad = std::pair<std::string, std::shared_ptr<const net::ServerLoad>>;

MetricCollector LoadMetricsCollector(std::vector<NamedLoad> services);

}  // namespace neso
