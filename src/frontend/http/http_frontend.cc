#include "frontend/http/http_frontend.h"

#include "base/json.h"
#include "config/json.h"
#include "engine/server_json.h"
#include "frontend/http/body_text.h"
#include "frontend/http/explained_exchange.h"
#include "frontend/http/http_access.h"
#include "frontend/http/log_settings.h"
#include "frontend/http/openapi.h"
#include "frontend/http/pages.h"
#include "frontend/http/reply.h"
#include "frontend/http/repository_request.h"
#include "frontend/http/slow_reply.h"
#include "frontend/http/trace_setting.h"
#include "frontend/request_log.h"

namespace neso {
namespace {

// 400 with `error`, where the protocol has a text, and the reason, where there is one to tell.
void ReplyNotReady(net::HttpExchange& exchange, std::string_view error, std::string_view reason) {
  std::string body = "{";
  if (!error.empty()) body += fmt::format("\"error\":{},", JsonQuoted(error));
  body += "\"ready\":false";
  if (!reason.empty()) body += fmt::format(",\"reason\":{}", JsonQuoted(reason));
  net::HttpResponse response;
  response.status = 400;
  response.content_type = kJsonType;
  response.body = body + "}";
  exchange.Respond(std::move(response));
}

bool AnswersJson(Endpoint endpoint) {
  switch (endpoint) {
    case Endpoint::kLive:
    case Endpoint::kReady:
    case Endpoint::kModelReady:
    case Endpoint::kInfer: return false;
    default: return true;
  }
}

}  // namespace

HttpFrontend::HttpFrontend(InferenceServer& server, Executor& slow_work, InferSettings settings,
                           RestrictedApis restricted, HttpServiceSettings service)
    : server_(server),
      slow_work_(slow_work),
      shared_memory_(*settings.shared_memory, slow_work),
      settings_(settings),
      restricted_(std::move(restricted)),
      service_(std::move(service)) {}

net::BodyPolicy HttpFrontend::OnHead(const net::HttpHead& head) {
  if (settings_.access == nullptr) [[likely]] {
    return BodyPolicyFor(head.path.ends_with("/infer") ? Endpoint::kInfer : Endpoint::kNone, head);
  }
  if (service_.cors.IsPreflight(head)) return BodyPolicyFor(Endpoint::kNone, head);
  Route route;
  ParseRoute(head.path, route);
  net::BodyPolicy policy = AdmitFor(route.endpoint, route.model, head);
  if (!policy.refusal && service_.refuse_early) policy.refusal = RefusalOf(route, head);
  if (policy.refusal) service_.cors.Mark(head, *policy.refusal);
  return policy;
}

net::BodyPolicy HttpFrontend::AdmitFor(Endpoint endpoint, std::string_view model, const net::HttpHead& head) const {
  if (endpoint == Endpoint::kNone) return BodyPolicyFor(endpoint, head);
  return AdmitFor({.right = RightOf(endpoint), .model = model}, BodyPolicyFor(endpoint, head), head);
}

net::BodyPolicy HttpFrontend::AdmitFor(const AccessQuestion& question, net::BodyPolicy policy,
                                       const net::HttpHead& head) const {
  if (settings_.access != nullptr) AdmitHttp(*settings_.access, head, question, policy);
  return policy;
}

AccessCaller HttpFrontend::CallerOf(const net::HttpExchange& exchange, AccessRight right) const {
  return settings_.access == nullptr ? AccessCaller() : settings_.access->CallerOf(exchange.head(), right);
}

net::BodyPolicy HttpFrontend::BodyPolicyFor(Endpoint endpoint, const net::HttpHead& head) const {
  if (endpoint != Endpoint::kInfer) return {.max_bytes = settings_.max_input_bytes, .aligned_offset = 0};
  // Binary tensors are not limited by --http-max-input-size, only JSON and what is inflated: the codec sees to these.
  return {.max_bytes = SIZE_MAX, .aligned_offset = settings_.framing.JsonLengthHint(head)};
}

void HttpFrontend::OnRequest(net::HttpExchangeRef exchange) {
  LogHttpRequest("HTTP", exchange->head().method, exchange->head().path);
  exchange = WithTicket(std::move(exchange));
  if (!service_.cors.empty()) [[unlikely]] {
    exchange = service_.cors.Admit(std::move(exchange));
    if (exchange == nullptr) return;
  }
  if (AsksForExplanation(exchange->head())) [[unlikely]] {
    exchange = Explained(std::move(exchange), server_, {.restricted = restricted_, .access = settings_.access},
                         service_.is_encrypted ? "https" : "http");
  }
  Route route;
  ParseRoute(exchange->head().path, route);
  if (const auto refusal = RefusalOf(route, exchange->head())) return exchange->Respond(std::move(*refusal));
  Dispatch(route, std::move(exchange));
}

std::shared_ptr<net::HttpResponse> HttpFrontend::RefusalOf(const Route& route, const net::HttpHead& head) const {
  const auto refuse = [](int status, std::string_view text, const char* type) {
    return std::make_shared<net::HttpResponse>(ErrorResponse(status, text, type));
  };
  const bool is_page_for_no_browser = IsPage(route.endpoint) && !WantsHtml(head);
  if (route.endpoint == Endpoint::kNone || is_page_for_no_browser) return refuse(404, "Not Found", kTextType);
  if (!restricted_.empty() && IsRestricted(restricted_, CategoryOf(route.endpoint), head)) [[unlikely]] {
    return refuse(403, RestrictedText(CategoryOf(route.endpoint)), kTextType);
  }
  if (!AllowsMethod(route.endpoint, head.method)) {
    return refuse(405, "Method Not Allowed", AnswersJson(route.endpoint) ? kJsonType : kTextType);
  }
  return nullptr;
}

std::string HttpFrontend::RestrictedText(ApiCategory category) const {
  return fmt::format("This API is restricted, expecting header '{}'", restricted_.Find(category)->header);
}

bool HttpFrontend::RefuseRestricted(ApiCategory category, net::HttpExchange& exchange) const {
  if (!IsRestricted(restricted_, category, exchange.head())) return false;
  ReplyError(exchange, 403, RestrictedText(category), kTextType);
  return true;
}

void HttpFrontend::Answer(const Route& route, net::HttpExchangeRef exchange) {
  if (!RefuseRestricted(CategoryOf(route.endpoint), *exchange)) Dispatch(route, std::move(exchange));
}

void HttpFrontend::Dispatch(const Route& route, net::HttpExchangeRef exchange) {
  switch (route.endpoint) {
    case Endpoint::kInfer: return Infer(route, std::move(exchange));
    case Endpoint::kGenerate: return Generate(GenerateKind::kSingle, route, exchange);
    case Endpoint::kGenerateStream: return Generate(GenerateKind::kStream, route, exchange);
    case Endpoint::kLive: return Live(*exchange);
    case Endpoint::kReady: return Ready(std::move(exchange));
    case Endpoint::kIndexPage:
    case Endpoint::kApiPage: return ShowPage(route, *exchange);
    case Endpoint::kOpenApi: return ReplyJson(*exchange, OpenApiDocument(kServerVersion));
    case Endpoint::kServerMetadata: return ServerMetadata(*exchange);
    case Endpoint::kModelReady: return ModelReady(route, std::move(exchange));
    case Endpoint::kModelMetadata: return ModelMetadata(route, std::move(exchange));
    case Endpoint::kModelConfig: return ModelConfig(route, std::move(exchange));
    case Endpoint::kModelStatistics:
    case Endpoint::kAllStatistics: return Statistics(route, *exchange);
    case Endpoint::kRepositoryIndex: return RepositoryIndex(std::move(exchange));
    case Endpoint::kRepositoryLoad:
    case Endpoint::kRepositoryUnload: return RepositoryControl(route, std::move(exchange));
    case Endpoint::kModelTraceSetting:
    case Endpoint::kTraceSetting: return TraceSetting(route, *exchange);
    case Endpoint::kLogging: return Logging(*exchange);
    case Endpoint::kSystemShmStatus: return shared_memory_.List(RegionKind::kSystem, route, *exchange);
    case Endpoint::kSystemShmRegister: return shared_memory_.RegisterSystem(route, *exchange);
    case Endpoint::kSystemShmUnregister: return shared_memory_.Unregister(RegionKind::kSystem, route, *exchange);
    case Endpoint::kCudaShmStatus: return shared_memory_.List(RegionKind::kCuda, route, *exchange);
    case Endpoint::kCudaShmRegister: return shared_memory_.RegisterCuda(route, std::move(exchange));
    case Endpoint::kCudaShmUnregister: return shared_memory_.Unregister(RegionKind::kCuda, route, *exchange);
    case Endpoint::kNone: break;
  }
}

void HttpFrontend::Ping(Endpoint endpoint, net::HttpExchangeRef exchange) {
  if (RefuseRestricted(ApiCategory::kHealth, *exchange)) return;
  if (endpoint == Endpoint::kLive) {
    const Expected<bool> live = server_.IsLive();
    return live ? ReplyEmpty(*exchange, 200, kTextType) : ReplyError(*exchange, live.error(), kTextType);
  }
  server_.AskReady(ReplyLater(std::move(exchange), [](net::HttpExchange& exchange, const Readiness& ready) {
    if (!ready) return ReplyError(exchange, ready.error(), kTextType);
    ReplyEmpty(exchange, *ready ? 400 : 200, kTextType);
  }));
}

void HttpFrontend::Live(net::HttpExchange& exchange) {
  const Expected<bool> live = server_.IsLive();
  live ? ReplyJson(exchange, R"({"live":true})") : ReplyError(exchange, live.error(), kTextType);
}

void HttpFrontend::Ready(net::HttpExchangeRef exchange) {
  server_.AskReady(ReplyLater(std::move(exchange), [this](net::HttpExchange& exchange, const Readiness& ready) {
    if (!ready) return ReplyError(exchange, ready.error(), kTextType);
    if (!*ready) return ReplyJson(exchange, R"({"ready":true})");
    // Names and reasons of models are what the repository index tells.
    const bool may_know = !IsRestricted(restricted_, ApiCategory::kModelRepository, exchange.head()) &&
                          CallerOf(exchange, AccessRight::kIndex).SeesAll();
    ReplyNotReady(exchange, {}, may_know ? **ready : std::string());
  }));
}

void HttpFrontend::ModelReady(const Route& route, net::HttpExchangeRef exchange) {
  const Expected<int64_t> version = ParseVersion(route.version);
  if (!version) return ReplyError(*exchange, version.error(), kTextType);
  const auto reply = [name = std::string(route.model)](net::HttpExchange& exchange, const Readiness& ready) {
    if (!ready) return ReplyError(exchange, ready.error(), kTextType);
    if (*ready) return ReplyNotReady(exchange, "Model version not ready", **ready);
    ReplyJson(exchange, fmt::format(R"({{"name":{},"ready":true}})", JsonQuoted(name)));
  };
  server_.AskModelReady(route.model, *version, ReplyLater(std::move(exchange), reply));
}

void HttpFrontend::ShowPage(const Route& route, net::HttpExchange& exchange) {
  net::HttpResponse response;
  response.content_type = kHtmlType;
  response.headers = PageHeaders();
  response.body = route.endpoint == Endpoint::kIndexPage ? IndexPage(service_.metrics_port) : ApiPage();
  exchange.Respond(std::move(response));
}

void HttpFrontend::ServerMetadata(net::HttpExchange& exchange) {
  ReplyJson(exchange, ServerMetadataToJson(server_.Metadata()));
}

void HttpFrontend::ModelMetadata(const Route& route, net::HttpExchangeRef exchange) {
  const Expected<int64_t> version = ParseVersion(route.version);
  if (!version) return ReplyError(*exchange, version.error());
  const auto reply = [this, version = *version](net::HttpExchange& exchange, const Expected<ModelHandle>& model) {
    if (!model) return ReplyError(exchange, model.error());
    ReplyJson(exchange, ModelMetadataToJson(server_.MetadataOf(*model, version)));
  };
  server_.WithModel(route.model, *version, ReplyLater(std::move(exchange), reply));
}

void HttpFrontend::ModelConfig(const Route& route, net::HttpExchangeRef exchange) {
  const Expected<int64_t> version = ParseVersion(route.version);
  if (!version) return ReplyError(*exchange, version.error());
  const auto reply = [](net::HttpExchange& exchange, const Expected<ModelHandle>& model) {
    if (!model) return ReplyError(exchange, model.error());
    ReplyJson(exchange, ModelConfigToJson((*model)->config()));
  };
  server_.WithModel(route.model, *version, ReplyLater(std::move(exchange), reply));
}

void HttpFrontend::Statistics(const Route& route, net::HttpExchange& exchange) {
  const Expected<int64_t> version = ParseVersion(route.version);
  if (!version) return ReplyError(exchange, version.error());
  Expected<std::vector<ModelHandle>> models = server_.WhoseStatistics(route.model, *version);
  if (!models) return ReplyError(exchange, models.error());
  const AccessCaller caller = CallerOf(exchange, AccessRight::kStatistics);
  std::erase_if(*models, [&caller](const ModelHandle& model) { return !caller.Sees(model->name()); });
  ReplyJson(exchange, StatisticsToJson(*models));
}

void HttpFrontend::Infer(const Route& route, net::HttpExchangeRef exchange) {
  const Expected<int64_t> version = ParseVersion(route.version);
  if (!version) return ReplyError(*exchange, version.error(), kTextType);
  server_.models().FindThen(
      route.model, *version,
      [this, version = *version, exchange = std::move(exchange)](Expected<ModelHandle> model) mutable {
        if (!model) return ReplyError(*exchange, model.error(), kTextType);
        InferCall::Start(*std::move(model), version, std::move(exchange), settings_);
      });
}

void HttpFrontend::Generate(GenerateKind kind, const Route& route, const net::HttpExchangeRef& exchange) {
  const Expected<int64_t> version = ParseVersion(route.version);
  if (!version) return ReplyError(*exchange, version.error());
  server_.models().FindThen(route.model, *version,
                            [this, kind, version = *version, exchange](const Expected<ModelHandle>& model) {
                              if (!model) return ReplyError(*exchange, model.error());
                              StartGenerate(kind, *model, version, exchange, settings_);
                            });
}

void HttpFrontend::RepositoryIndex(net::HttpExchangeRef exchange) {
  const Expected<bool> ready_only = ParseIndexRequest(BodyText(*exchange));
  if (!ready_only) return ReplyError(*exchange, ready_only.error());
  // Folders are read, which may lie on a disk that is far away.
  PostReply(slow_work_, exchange, [this, ready_only = *ready_only](net::HttpExchange& exchange) {
    Expected<std::vector<ModelIndexEntry>> index = server_.Index(ready_only);
    if (!index) return ReplyError(exchange, index.error());
    const AccessCaller caller = CallerOf(exchange, AccessRight::kIndex);
    std::erase_if(*index, [&caller](const ModelIndexEntry& entry) { return !caller.Sees(entry.name); });
    ReplyJson(exchange, IndexJson(*index));
  });
}

void HttpFrontend::TraceSetting(const Route& route, net::HttpExchange& exchange) {
  const std::string model(route.model);
  if (route.endpoint == Endpoint::kModelTraceSetting) {
    if (const auto found = server_.models().Find(model, -1); !found) return ReplyError(exchange, found.error());
  }
  if (exchange.head().method == "POST") {
    const Status status = ChangeTraceSettings(settings_.tracer, model, BodyText(exchange));
    if (!status.ok()) return ReplyError(exchange, status);
  }
  ReplyJson(exchange, TraceSettingsJson(settings_.tracer, model));
}

void HttpFrontend::Logging(net::HttpExchange& exchange) {
  if (exchange.head().method == "POST") {
    if (const Status status = ChangeLogSettings(BodyText(exchange)); !status.ok()) return ReplyError(exchange, status);
  }
  ReplyJson(exchange, LogSettingsJson());
}

void HttpFrontend::RepositoryControl(const Route& route, net::HttpExchangeRef exchange) {
  if (route.repository_named) {
    return ReplyError(*exchange, Unsupported("'repository_name' specification is not supported"));
  }
  const bool load = route.endpoint == Endpoint::kRepositoryLoad;
  // Loading may take minutes; network threads must not.
  PostReply(slow_work_, exchange, [this, load, name = std::string(route.model)](net::HttpExchange& exchange) {
    Status status;
    if (load) {
      Expected<std::vector<LoadParameter>> parameters = ParseLoadRequest(BodyText(exchange));
      status = parameters.status();
      if (status.ok() && settings_.access != nullptr) status = settings_.access->CheckLoad(*parameters);
      if (status.ok()) status = server_.LoadModel(name, *parameters);
    } else {
      const Expected<bool> dependents = ParseUnloadRequest(BodyText(exchange));
      status = dependents ? server_.UnloadModel(name, *dependents) : dependents.error();
    }
    if (!status.ok()) return ReplyError(exchange, status);
    ReplyEmpty(exchange, 200, kJsonType);
  });
}

}  // namespace neso
