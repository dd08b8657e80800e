// The service that Amazon SageMaker talks to: health and inference of one model, and multi-model endpoints.
//
//   SagemakerFrontend frontend(server, slow_work, {.default_model = "digits"}, infer_settings);
//   auto service = net::HttpServer::Start(reactors, frontend, {.port = 8080});
//
// Binary tensors are framed by the content type; bodies are else those of the HTTP service.
#pragma once

#include <string>

#include "base/executor.h"
#include "engine/inference_server.h"
#include "frontend/http/http_frontend.h"
#include "frontend/sagemaker/hosted_models.h"
#include "frontend/sagemaker/sagemaker_route.h"
#include "net/http_exchange.h"

namespace neso {

struct SagemakerSettings {
  Endpoint ping = Endpoint::kReady;         // or kLive
  Endpoint invocations = Endpoint::kInfer;  // or kGenerate, kGenerateStream
  std::string default_model;                // that /invocations uses
  HostedModelsOptions hosted_models;
};

// Thread-safe. `server` and `slow_work` (loading and unloading, which may take minutes) outlive it.
class SagemakerFrontend final : public net::HttpHandler {
 public:
  // Of `infer` everything but the framing counts.
  SagemakerFrontend(InferenceServer& server, Executor& slow_work, SagemakerSettings settings,
                    const InferSettings& infer, const RestrictedApis& restricted);

  net::BodyPolicy OnHead(const net::HttpHead& head) override;
  void OnRequest(net::HttpExchangeRef exchange) override;

 private:
  void AnswerFor(Endpoint endpoint, std::string_view model, net::HttpExchangeRef exchange);
  void ListModels(net::HttpExchangeRef exchange);
  void ShowModel(const std::string& hash, net::HttpExchange& exchange);
  void LoadModel(net::HttpExchangeRef exchange);
  void UnloadModel(std::string hash, net::HttpExchangeRef exchange);
  void Invoke(const std::string& hash, net::HttpExchangeRef exchange);

  InferenceServer& server_;
  Executor& slow_work_;
  const SagemakerSettings settings_;
  const InferSettings invoke_settings_;
  HttpFrontend endpoints_;
  HostedModels models_;
};

}  // namespace neso
