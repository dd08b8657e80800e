// The metrics port: GET /metrics answers Prometheus' text form, or OpenMetrics.
#pragma once

#include "base/executor.h"
#include "engine/inference_server.h"
#include "frontend/access/access_control.h"
#include "net/http_exchange.h"

namespace neso {

// Answers with all metrics, in the form that the request's Accept asks for.
void ReplyMetrics(const InferenceServer& server, net::HttpExchange& exchange);

// Thread-safe. `server` and `slow_work` outlive it. Many models have a long text, and GPUs are slow to ask: no network
// thread waits for that.
class MetricsFrontend final : public net::HttpHandler {
 public:
  // `access`, which may be null, outlives it too.
  MetricsFrontend(InferenceServer& server, Executor& slow_work, const AccessControl* access = nullptr)
      : server_(server), slow_work_(slow_work), access_(access) {}

  net::BodyPolicy OnHead(const net::HttpHead& head) override;
  // "/metrics" and "/metrics/" with GET; another method gets 405, any other path 200 with an empty body (contract).
  void OnRequest(net::HttpExchangeRef exchange) override;

 private:
  InferenceServer& server_;
  Executor& slow_work_;
  const AccessControl* const access_;
};

}  // namespace neso
