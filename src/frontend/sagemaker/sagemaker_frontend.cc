#include "frontend/sagemaker/sagemaker_frontend.h"

#include "base/json.h"
#include "frontend/http/http_access.h"
#include "frontend/http/json_access.h"
#include "frontend/http/reply.h"
#include "frontend/http/slow_reply.h"
#include "frontend/request_log.h"
#include "frontend/sagemaker/out_of_memory.h"

namespace neso {
namespace {

constexpr BinaryFraming kFraming("application/vnd.sagemaker-triton.binary+json;json-header-size=",
                                 AnswerFraming::kContentType);
constexpr int kInsufficientStorage = 507;
constexpr int kConflict = 409;
constexpr int kUnsupportedMediaType = 415;

// Requests to a model of a multi-model endpoint fail for lack of memory or otherwise, there is no third way.
int InvokeStatus(const Status& error) { return TellsOfLackOfMemory(error.message()) ? kInsufficientStorage : 400; }

int HostedModelStatus(const Status& error) {
  return error.code() == StatusCode::kAlreadyExists ? kConflict : InvokeStatus(error);
}

InferSettings WithFraming(const InferSettings& settings) {
  InferSettings framed = settings;
  framed.framing = kFraming;
  return framed;
}

InferSettings ForInvoke(const InferSettings& settings) {
  InferSettings invoke = WithFraming(settings);
  invoke.error_status = InvokeStatus;
  invoke.unsupported_encoding_status = kUnsupportedMediaType;
  return invoke;
}

// Of the actions that are this service's own; the others are those of the endpoint they name.
std::optional<ApiCategory> CategoryOf(SagemakerAction action) {
  switch (action) {
    case SagemakerAction::kListModels:
    case SagemakerAction::kShowModel:
    case SagemakerAction::kLoadModel:
    case SagemakerAction::kUnloadModel: return ApiCategory::kModelRepository;
    case SagemakerAction::kInvoke: return ApiCategory::kInference;
    default: return {};
  }
}

Expected<std::string> RequiredText(const JsonValue& object, const char* name) {
  ASSIGN_OR_RETURN(const std::string_view text, StringMember(object, name));
  if (text.empty()) return InvalidArg("'{}' is empty", name);
  return std::string(text);
}

Expected<HostedModels::LoadRequest> ParseLoad(const net::HttpExchange& exchange) {
  const BufferRef& body = exchange.body();
  const std::string_view text = body ? std::string_view(body->data(), body->size()) : std::string_view();
  JsonDocument document;
  RETURN_IF_ERROR(document.Parse(text));
  HostedModels::LoadRequest request;
  ASSIGN_OR_RETURN(request.hash, RequiredText(document.root(), "model_name"));
  ASSIGN_OR_RETURN(request.url, RequiredText(document.root(), "url"));
  request.target = exchange.head().Find("X-Amzn-SageMaker-Target-Model");
  return request;
}

void AppendEntry(std::string& json, std::string_view hash, std::string_view repository) {
  json += "{\"modelName\":";
  AppendJsonString(json, hash);
  json += ",\"modelUrl\":";
  AppendJsonString(json, repository);
  json += '}';
}

void ReplyText(net::HttpExchange& exchange, std::string body) {
  net::HttpResponse response;
  response.content_type = kTextType;
  response.body = std::move(body);
  exchange.Respond(std::move(response));
}

void ReplyOutcome(net::HttpExchange& exchange, const Status& outcome) {
  if (outcome.ok()) return ReplyEmpty(exchange, 200, kTextType);
  ReplyError(exchange, HostedModelStatus(outcome), outcome.message(), kTextType);
}

}  // namespace

SagemakerFrontend::SagemakerFrontend(InferenceServer& server, Executor& slow_work, SagemakerSettings settings,
                                     const InferSettings& infer, const RestrictedApis& restricted)
    : server_(server),
      slow_work_(slow_work),
      settings_(std::move(settings)),
      invoke_settings_(ForInvoke(infer)),
      endpoints_(server, slow_work, WithFraming(infer), restricted),
      models_(server, settings_.hosted_models) {}

net::BodyPolicy SagemakerFrontend::OnHead(const net::HttpHead& head) {
  const net::BodyPolicy usual{.max_bytes = invoke_settings_.max_input_bytes, .aligned_offset = 0};
  const SagemakerRoute route = ParseSagemakerRoute(head.method, head.path);
  switch (route.action) {
    case SagemakerAction::kNone:
    case SagemakerAction::kWrongMethod: break;
    case SagemakerAction::kPing: return endpoints_.AdmitFor(settings_.ping, {}, head);
    case SagemakerAction::kInvocations:
      return endpoints_.AdmitFor(settings_.invocations, settings_.default_model, head);
    case SagemakerAction::kInvoke: {
      // What SageMaker calls the model says nothing about its name before it is loaded.
      const std::optional<std::string> name = models_.ModelName(std::string(route.model));
      return endpoints_.AdmitFor(Endpoint::kInfer, name.value_or(""), head);
    }
    case SagemakerAction::kListModels:
    case SagemakerAction::kShowModel:
      return endpoints_.AdmitFor({.right = AccessRight::kIndex, .all_models = true}, usual, head);
    case SagemakerAction::kLoadModel:
    case SagemakerAction::kUnloadModel:
      return endpoints_.AdmitFor({.right = AccessRight::kModelRepository, .all_models = true}, usual, head);
  }
  return usual;
}

void SagemakerFrontend::OnRequest(net::HttpExchangeRef exchange) {
  LogHttpRequest("SageMaker", exchange->head().method, exchange->head().path);
  exchange = WithTicket(std::move(exchange));
  const SagemakerRoute route = ParseSagemakerRoute(exchange->head().method, exchange->head().path);
  if (const auto category = CategoryOf(route.action); category && endpoints_.RefuseRestricted(*category, *exchange)) {
    return;
  }
  std::string hash(route.model);
  switch (route.action) {
    case SagemakerAction::kNone: return ReplyEmpty(*exchange, 400, kTextType);
    case SagemakerAction::kWrongMethod: return ReplyError(*exchange, 405, "Method Not Allowed", kTextType);
    case SagemakerAction::kPing: return endpoints_.Ping(settings_.ping, std::move(exchange));
    case SagemakerAction::kInvocations:
      return AnswerFor(settings_.invocations, settings_.default_model, std::move(exchange));
    case SagemakerAction::kListModels: return ListModels(std::move(exchange));
    case SagemakerAction::kShowModel: return ShowModel(hash, *exchange);
    case SagemakerAction::kLoadModel: return LoadModel(std::move(exchange));
    case SagemakerAction::kUnloadModel: return UnloadModel(std::move(hash), std::move(exchange));
    case SagemakerAction::kInvoke: return Invoke(hash, std::move(exchange));
  }
}

void SagemakerFrontend::AnswerFor(Endpoint endpoint, std::string_view model, net::HttpExchangeRef exchange) {
  Route route;
  route.endpoint = endpoint;
  route.model = model;
  endpoints_.Answer(route, std::move(exchange));
}

void SagemakerFrontend::ListModels(net::HttpExchangeRef exchange) {
  // Each backend says whether its model is ready, which may take it seconds.
  PostReply(slow_work_, exchange, [this](net::HttpExchange& exchange) {
    std::string json = "{\"models\":[";
    bool first = true;
    for (const HostedModels::Entry& entry : models_.All()) {
      if (!first) json += ',';
      first = false;
      if (entry.is_ready) {
        AppendEntry(json, entry.hash, entry.repository);
      } else {
        json += "{}";
      }
    }
    ReplyText(exchange, json + "]}");
  });
}

void SagemakerFrontend::ShowModel(const std::string& hash, net::HttpExchange& exchange) {
  const std::optional<std::string> repository = models_.Repository(hash);
  if (!repository) return ReplyEmpty(exchange, 404, kTextType);
  std::string json;
  AppendEntry(json, hash, *repository);
  ReplyText(exchange, std::move(json));
}

void SagemakerFrontend::LoadModel(net::HttpExchangeRef exchange) {
  PostReply(slow_work_, exchange, [this](net::HttpExchange& exchange) {
    const Expected<HostedModels::LoadRequest> request = ParseLoad(exchange);
    ReplyOutcome(exchange, request ? models_.Load(*request) : request.error());
  });
}

void SagemakerFrontend::UnloadModel(std::string hash, net::HttpExchangeRef exchange) {
  PostReply(slow_work_, exchange, [this, hash = std::move(hash)](net::HttpExchange& exchange) {
    const Status unloaded = models_.Unload(hash);
    if (!unloaded.ok() && unloaded.code() == StatusCode::kNotFound) return ReplyEmpty(exchange, 404, kTextType);
    ReplyOutcome(exchange, unloaded);
  });
}

void SagemakerFrontend::Invoke(const std::string& hash, net::HttpExchangeRef exchange) {
  const std::optional<std::string> name = models_.ModelName(hash);
  if (!name) return ReplyEmpty(*exchange, 404, kTextType);
  server_.models().FindThen(*name, -1, [this, exchange = std::move(exchange)](Expected<ModelHandle> model) {
    if (!model) return ReplyError(*exchange, InvokeStatus(model.error()), model.error().message());
    InferCall::Start(*std::move(model), -1, exchange, invoke_settings_);
  });
}

}  // namespace neso
