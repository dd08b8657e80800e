// The metrics port: GET /metrics answers Prometheus text.
#pragma once

#include "engine/inference_server.h"
#include "frontend/access/access_control.h"
#include "net/http_exchange.h"

namespace neso {

// Answers with all metrics in Prometheus' text format.
void ReplyMetrics(const InferenceServer& server, net::HttpExchange& exchange);

// Thread-safe. `server` outlives it.
class MetricsFrontend final : public net::HttpHandler {
 public:
  // `access`, which may be null, outlives it too.
  explicit MetricsFrontend(InferenceServer& server, const AccessControl* access = nullptr)
      : server_(server), access_(access) {}

  net::BodyPolicy OnHead(const net::HttpHead& head) override;
  // "/metrics" and "/metrics/" with GET; another method gets 405, any other path 200 with an empty body (contract).
  void OnRequest(net::HttpExchangeRef exchange) override;

 private:
  InferenceServer& server_;
  const AccessControl* const access_;
};

}  // namespace neso
