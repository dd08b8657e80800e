// The HTTP/REST front end: KServe v2 with Triton's extensions, on one HttpServer.
//
//   HttpFrontend frontend(server, slow_work,
//                         {.tracer = tracer, .max_input_bytes = 64 << 20, .shared_memory = &regions});
//   auto http = net::HttpServer::Start(reactors, frontend, {.port = 8000});
#pragma once

#include "base/executor.h"
#include "engine/inference_server.h"
#include "frontend/http/cors.h"
#include "frontend/http/generate_call.h"
#include "frontend/http/infer_call.h"
#include "frontend/http/route.h"
#include "frontend/http/shared_memory_endpoints.h"
#include "frontend/restricted_apis.h"
#include "net/http_exchange.h"

namespace neso {

// What only the service on the HTTP port has.
struct HttpServiceSettings {
  CorsPolicy cors;
  bool is_encrypted = false;
  int metrics_port = 0;       // 0: there is none that is known
  bool refuse_early = false;  // what the head tells to be wrong, before the body has come
};

// Thread-safe. `server` and `slow_work` (model loading, which may take minutes) outlive it.
class HttpFrontend final : public net::HttpHandler {
 public:
  HttpFrontend(InferenceServer& server, Executor& slow_work, InferSettings settings, RestrictedApis restricted = {},
               HttpServiceSettings service = {});

  net::BodyPolicy OnHead(const net::HttpHead& head) override;
  void OnRequest(net::HttpExchangeRef exchange) override;

  // For services with other paths to the same endpoints; what the route views must live until Answer returns.
  net::BodyPolicy BodyPolicyFor(Endpoint endpoint, const net::HttpHead& head) const;
  // As BodyPolicyFor, once the sender has shown that it may do this with this model.
  net::BodyPolicy AdmitFor(Endpoint endpoint, std::string_view model, const net::HttpHead& head) const;
  net::BodyPolicy AdmitFor(const AccessQuestion& question, net::BodyPolicy policy, const net::HttpHead& head) const;
  void Answer(const Route& route, net::HttpExchangeRef exchange);
  // Health by its status alone, as the probes of clouds have it. `endpoint`: kLive or kReady.
  void Ping(Endpoint endpoint, net::HttpExchangeRef exchange);
  // Answers 403 to a request that lacks the header its category asks for. False: it may go on.
  bool RefuseRestricted(ApiCategory category, net::HttpExchange& exchange) const;

 private:
  // The answer to what the head alone tells to be wrong; null: nothing is.
  std::shared_ptr<net::HttpResponse> RefusalOf(const Route& route, const net::HttpHead& head) const;
  std::string RestrictedText(ApiCategory category) const;
  // Who asks, if it matters.
  AccessCaller CallerOf(const net::HttpExchange& exchange, AccessRight right) const;
  void Dispatch(const Route& route, net::HttpExchangeRef exchange);
  void Live(net::HttpExchange& exchange);
  void Ready(net::HttpExchangeRef exchange);
  void ModelReady(const Route& route, net::HttpExchangeRef exchange);
  void ServerMetadata(net::HttpExchange& exchange);
  void ModelMetadata(const Route& route, net::HttpExchangeRef exchange);
  void ModelConfig(const Route& route, net::HttpExchangeRef exchange);
  void Statistics(const Route& route, net::HttpExchange& exchange);
  void Infer(const Route& route, net::HttpExchangeRef exchange);
  void TraceSetting(const Route& route, net::HttpExchange& exchange);
  void Logging(net::HttpExchange& exchange);
  void Generate(GenerateKind kind, const Route& route, const net::HttpExchangeRef& exchange);
  void ShowPage(const Route& route, net::HttpExchange& exchange);
  void RepositoryIndex(net::HttpExchangeRef exchange);
  void RepositoryControl(const Route& route, net::HttpExchangeRef exchange);

  InferenceServer& server_;
  Executor& slow_work_;
  SharedMemoryEndpoints shared_memory_;
  const InferSettings settings_;
  const RestrictedApis restricted_;
  const HttpServiceSettings service_;
};

}  // namespace neso
