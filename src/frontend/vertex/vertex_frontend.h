// The service that Google's Vertex AI talks to: health, and one path for predictions.
//
//   auto frontend = VertexFrontend::Create(server, slow_work, {.predict_route = "/predict", .health_route = "/health"},
//                                          infer_settings);
//   auto service = net::HttpServer::Start(reactors, **frontend, {.port = 8080});
//
// Requests tell the length of the JSON before binary tensors in their content type; answers as the HTTP service does.
#pragma once

#include <re2/re2.h>

#include <memory>
#include <string>

#include "base/executor.h"
#include "base/status.h"
#include "engine/inference_server.h"
#include "frontend/http/http_frontend.h"
#include "net/http_exchange.h"

namespace neso {

struct VertexSettings {
  // Regular expressions for the whole path (AIP_PREDICT_ROUTE, AIP_HEALTH_ROUTE).
  std::string predict_route;
  std::string health_route;
  std::string default_model;  // that predictions use; empty: the only model that is ready
};

// Thread-safe. `server` and `slow_work` outlive it.
class VertexFrontend final : public net::HttpHandler {
 public:
  // Of `infer` everything but the framing counts.
  // Errors: kInvalidArg for a route that is missing or no regular expression, and when the default model is not ready.
  static Expected<std::unique_ptr<VertexFrontend>> Create(InferenceServer& server, Executor& slow_work,
                                                          const VertexSettings& settings, const InferSettings& infer,
                                                          const RestrictedApis& restricted);

  net::BodyPolicy OnHead(const net::HttpHead& head) override;
  void OnRequest(net::HttpExchangeRef exchange) override;

 private:
  VertexFrontend(InferenceServer& server, Executor& slow_work, const VertexSettings& settings,
                 const InferSettings& infer, const RestrictedApis& restricted, std::string default_model);

  void Predict(net::HttpExchangeRef exchange);
  void Redirect(std::string_view value, net::HttpExchangeRef exchange);
  void AnswerFor(Endpoint endpoint, net::HttpExchangeRef exchange);

  InferenceServer& server_;
  const RE2 predict_route_;
  const RE2 health_route_;
  const std::string default_model_;
  HttpFrontend endpoints_;
};

}  // namespace neso
