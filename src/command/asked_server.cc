#include "command/asked_server.h"

#include "command/model_index.h"

namespace neso::command {
namespace {

constexpr int kOk = 200;
constexpr int kUnauthorized = 401;

}  // namespace

Expected<JsonAnswerPtr> JsonAnswer::Read(std::string text) {
  JsonAnswerPtr answer(new JsonAnswer(std::move(text)));
  if (const Status parsed = answer->document_.Parse(answer->text_); !parsed.ok())
    return Internal("expected JSON from the server, got '{}'", answer->text_.substr(0, 200));
  return answer;
}

Expected<std::unique_ptr<AskedServer>> AskedServer::Make(const Asking& asking) {
  ASSIGN_OR_RETURN(ServerAccess access, AccessOf(asking, Asked::kOverHttp));
  return std::unique_ptr<AskedServer>(new AskedServer(std::move(access)));
}

Expected<client::HttpAnswer> AskedServer::Call(client::HttpCall call) {
  call.headers.insert(call.headers.end(), access_.headers.begin(), access_.headers.end());
  Expected<client::HttpAnswer> answer = client_.Call(call, access_.timeout);
  if (!answer) return access_.Explain(answer.error());
  return answer;
}

Expected<JsonAnswerPtr> AskedServer::Get(const std::string& path) { return Ask({.path = path}); }

Expected<JsonAnswerPtr> AskedServer::Post(const std::string& path, std::string body) {
  return Ask({.method = "POST", .path = path, .headers = {}, .body = std::move(body)});
}

Expected<JsonAnswerPtr> AskedServer::Ask(client::HttpCall call) {
  ASSIGN_OR_RETURN(client::HttpAnswer answer, Call(std::move(call)));
  if (answer.status != kOk) return ErrorOf(answer);
  // Load and unload answer with nothing.
  return JsonAnswer::Read(answer.body.empty() ? "{}" : std::move(answer.body));
}

Status AskedServer::ErrorOf(const client::HttpAnswer& answer) {
  std::string text = client::ErrorText(answer.body).value_or(answer.body);
  if (text.empty()) text = "the server gives no reason";
  if (answer.status == kUnauthorized) text += kKeyHint;
  return Internal("{} (HTTP {})", text, answer.status);
}

Status AskedServer::ExplainModel(const std::string& model, const Status& error) {
  const Expected<std::vector<IndexedModel>> index = AskIndex(*this);
  if (!index) return error;  // nobody need be allowed to see it
  return command::ExplainModel(model, *index, error);
}

}  // namespace neso::command
