#include "frontend/vertex/vertex_frontend.h"

#include <set>

#include "frontend/http/http_access.h"
#include "frontend/http/reply.h"
#include "frontend/metrics/metrics_frontend.h"
#include "frontend/request_log.h"
#include "frontend/vertex/redirect.h"

namespace neso {
namespace {

constexpr BinaryFraming kFraming("application/vnd.vertex-ai-triton.binary+json;json-header-size=",
                                 AnswerFraming::kHeader);

InferSettings WithFraming(const InferSettings& settings) {
  InferSettings framed = settings;
  framed.framing = kFraming;
  return framed;
}

Status CheckRoute(const char* variable, const std::string& route) {
  if (route.empty()) return InvalidArg("{} is not defined for Vertex AI endpoint", variable);
  const RE2 expression(route, RE2::Quiet);
  if (!expression.ok()) return InvalidArg("{} is not a regular expression: {}", variable, expression.error());
  return {};
}

Expected<std::string> ChooseDefaultModel(const InferenceServer& server, const std::string& wanted) {
  if (!wanted.empty()) {
    if (!server.models().Find(wanted, -1)) return InvalidArg("Expect the default model '{}' is loaded", wanted);
    return wanted;
  }
  std::set<std::string> names;
  for (const ModelHandle& model : server.ReadyModels()) names.insert(model->name());
  if (names.size() != 1) {
    return InvalidArg("Expect the model repository contains only a single model if default model is not specified");
  }
  return *names.begin();
}

}  // namespace

Expected<std::unique_ptr<VertexFrontend>> VertexFrontend::Create(InferenceServer& server, Executor& slow_work,
                                                                 const VertexSettings& settings,
                                                                 const InferSettings& infer,
                                                                 const RestrictedApis& restricted) {
  RETURN_IF_ERROR(CheckRoute("AIP_PREDICT_ROUTE", settings.predict_route));
  RETURN_IF_ERROR(CheckRoute("AIP_HEALTH_ROUTE", settings.health_route));
  ASSIGN_OR_RETURN(std::string model, ChooseDefaultModel(server, settings.default_model));
  return std::unique_ptr<VertexFrontend>(
      new VertexFrontend(server, slow_work, settings, infer, restricted, std::move(model)));
}

VertexFrontend::VertexFrontend(InferenceServer& server, Executor& slow_work, const VertexSettings& settings,
                               const InferSettings& infer, const RestrictedApis& restricted, std::string default_model)
    : server_(server),
      predict_route_(settings.predict_route, RE2::Quiet),
      health_route_(settings.health_route, RE2::Quiet),
      default_model_(std::move(default_model)),
      endpoints_(server, slow_work, WithFraming(infer), restricted) {}

net::BodyPolicy VertexFrontend::OnHead(const net::HttpHead& head) {
  if (RE2::FullMatch(head.path, health_route_)) return endpoints_.AdmitFor(Endpoint::kReady, {}, head);
  if (!RE2::FullMatch(head.path, predict_route_)) return endpoints_.BodyPolicyFor(Endpoint::kNone, head);
  const std::string_view redirect = head.Find(kRedirectHeader);
  if (redirect.data() == nullptr) return endpoints_.AdmitFor(Endpoint::kInfer, default_model_, head);
  const std::string path = RedirectPath(redirect);
  Route route;
  if (ParseRedirect(path, route) == RedirectTarget::kMetrics) {
    return endpoints_.AdmitFor({.right = AccessRight::kMetrics}, endpoints_.BodyPolicyFor(Endpoint::kNone, head), head);
  }
  return endpoints_.AdmitFor(route.endpoint, route.model, head);
}

void VertexFrontend::OnRequest(net::HttpExchangeRef exchange) {
  exchange = WithTicket(std::move(exchange));
  const net::HttpHead& head = exchange->head();
  LogHttpRequest("Vertex AI", head.method, head.path);
  if (RE2::FullMatch(head.path, health_route_)) {
    if (head.method != "GET") return ReplyError(*exchange, 405, "Method Not Allowed", kTextType);
    return endpoints_.Ping(Endpoint::kReady, std::move(exchange));
  }
  if (RE2::FullMatch(head.path, predict_route_)) return Predict(std::move(exchange));
  ReplyEmpty(*exchange, 400, kTextType);
}

void VertexFrontend::Predict(net::HttpExchangeRef exchange) {
  const net::HttpHead& head = exchange->head();
  const std::string_view redirect = head.Find(kRedirectHeader);
  if (head.method != "POST") return ReplyError(*exchange, 405, "Method Not Allowed", kTextType);
  if (redirect.data() != nullptr) return Redirect(redirect, std::move(exchange));
  AnswerFor(Endpoint::kInfer, std::move(exchange));
}

// Whatever method the endpoint has elsewhere, here it is reached with POST.
void VertexFrontend::Redirect(std::string_view value, net::HttpExchangeRef exchange) {
  const std::string path = RedirectPath(value);
  Route route;
  switch (ParseRedirect(path, route)) {
    case RedirectTarget::kUnknown: return ReplyEmpty(*exchange, 400, kTextType);
    case RedirectTarget::kForbidden:
      return ReplyError(*exchange, 403, fmt::format("'{}' cannot be reached through Vertex AI", value));
    case RedirectTarget::kMetrics: return ReplyMetrics(server_, *exchange);
    case RedirectTarget::kEndpoint: return endpoints_.Answer(route, std::move(exchange));
  }
}

void VertexFrontend::AnswerFor(Endpoint endpoint, net::HttpExchangeRef exchange) {
  Route route;
  route.endpoint = endpoint;
  route.model = default_model_;
  endpoints_.Answer(route, std::move(exchange));
}

}  // namespace neso
