#include "command/asked_over_http.h"

#include "base/base64.h"
#include "base/json.h"
#include "base/text.h"
#include "client/access_key.h"
#include "client/server_words.h"
#include "command/json_members.h"

namespace neso::command {
namespace {

using client::ModelPath;

constexpr int kOk = 200;
constexpr int kUnauthorized = 401;

std::string LoadBody(const ModelOverride& instead) {
  std::vector<std::string> parameters;
  if (!instead.config.empty()) parameters.push_back("\"config\":" + JsonQuoted(instead.config));
  for (const auto& [path, bytes] : instead.files)
    parameters.push_back(JsonQuoted("file:" + path) + ":\"" + EncodeBase64(bytes) + "\"");
  return parameters.empty() ? std::string() : "{\"parameters\":{" + Join(parameters, ",") + "}}";
}

}  // namespace

Expected<Condition> AskedOverHttp::Live() { return AskWhether("/v2/health/live"); }

Expected<Condition> AskedOverHttp::Ready(const std::string& model) {
  return AskWhether(model.empty() ? "/v2/health/ready" : ModelPath(model) + "/ready");
}

Expected<JsonAnswerPtr> AskedOverHttp::Metadata(const std::string& model, const std::string& version) {
  return AskJson({.path = model.empty() ? "/v2" : ModelPath(model, version)});
}

Expected<JsonAnswerPtr> AskedOverHttp::Config(const std::string& model, const std::string& version) {
  return AskJson({.path = ModelPath(model, version) + "/config"});
}

Expected<JsonAnswerPtr> AskedOverHttp::Statistics(const std::string& model, const std::string& version) {
  return AskJson({.path = model.empty() ? "/v2/models/stats" : ModelPath(model, version) + "/stats"});
}

Expected<JsonAnswerPtr> AskedOverHttp::Index(bool ready_only) {
  ASSIGN_OR_RETURN(std::string body, Ask({.method = "POST",
                                          .path = "/v2/repository/index",
                                          .body = ready_only ? R"({"ready":true})" : std::string()}));
  return JsonAnswer::ReadArray(std::move(body));
}

Status AskedOverHttp::Load(const std::string& model, const ModelOverride& instead) {
  return Control(model, "load", LoadBody(instead));
}

Status AskedOverHttp::Unload(const std::string& model, bool with_dependents) {
  return Control(model, "unload", with_dependents ? R"({"parameters":{"unload_dependents":true}})" : "");
}

Expected<client::HttpAnswer> AskedOverHttp::Call(client::HttpCall call, const client::HttpClient::TakeBody& take) {
  call.headers.insert(call.headers.end(), access_.headers.begin(), access_.headers.end());
  Expected<client::HttpAnswer> answer = client_.Call(call, access_.timeout, take);
  if (!answer) return access_.Explain(answer.error());
  return answer;
}

Status AskedOverHttp::ErrorOf(const client::HttpAnswer& answer) {
  std::string text = client::ErrorText(answer.body).value_or(answer.body);
  if (text.empty()) text = "the server gives no reason";
  if (answer.status == kUnauthorized) text += client::kAccessKeyHint;
  return Internal("{} (HTTP {})", text, answer.status);
}

Expected<std::string> AskedOverHttp::Ask(client::HttpCall call) {
  ASSIGN_OR_RETURN(client::HttpAnswer answer, Call(std::move(call)));
  if (answer.status != kOk) return ErrorOf(answer);
  return std::move(answer.body);
}

Expected<JsonAnswerPtr> AskedOverHttp::AskJson(client::HttpCall call) {
  ASSIGN_OR_RETURN(std::string body, Ask(std::move(call)));
  return JsonAnswer::Read(std::move(body));
}

Expected<Condition> AskedOverHttp::AskWhether(const std::string& path) {
  ASSIGN_OR_RETURN(const client::HttpAnswer answer, Call({.path = path}));
  if (answer.status == kOk) return Condition{.holds = true};
  Condition condition;
  const Expected<JsonAnswerPtr> body = JsonAnswer::Read(answer.body);
  if (body) condition.reason = TextOf((*body)->root(), "reason");
  if (condition.reason.empty() && body && FindMember((*body)->root(), "error") != nullptr)
    condition.reason = ErrorOf(answer).message();
  return condition;
}

Status AskedOverHttp::Control(const std::string& model, const char* what, std::string body) {
  return Ask({.method = "POST", .path = client::ControlPath(model, what), .body = std::move(body)}).status();
}

}  // namespace neso::command
