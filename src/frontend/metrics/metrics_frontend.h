// The metrics port: GET /metrics answers Prometheus text.
#pragma once

#include "engine/inference_server.h"
#include "net/http_exchange.h"

namespace neso {

// Answers with all metrics in Prometheus' text format.
void ReplyMetrics(const InferenceServer& server, net::HttpExchange& exchange);

// Thread-safe. `server` outlives it.
class MetricsFrontend final : public net::HttpHandler {
 public:
  explicit MetricsFrontend(InferenceServer& server) : server_(server) {}

  net::BodyPolicy OnHead(const net::HttpHead& head) override;
  // "/metrics" and "/metrics/" with GET; another method gets 405, any other path 200 with an empty body (contract).
  void OnRequest(net::HttpExchangeRef exchange) override;

 private:
  InferenceServer& server_;
};

}  // namespace neso
