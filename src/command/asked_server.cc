#include "command/asked_server.h"

#include <algorithm>

#include "base/nearest.h"
#include "base/text.h"
#include "command/model_index.h"

namespace neso::command {
namespace {

constexpr uint16_t kHttpPort = 8000;
constexpr int kOk = 200;
constexpr int kUnauthorized = 401;

Expected<client::HttpHeaders> ReadHeaders(const std::vector<std::string>& texts) {
  client::HttpHeaders headers;
  for (const std::string& text : texts) {
    const size_t colon = text.find(':');
    if (colon == std::string::npos || colon == 0)
      return InvalidArg("--header '{}': expected 'NAME: VALUE', such as 'Authorization: Bearer KEY'", text);
    headers.emplace_back(text.substr(0, colon), TrimBlanks(std::string_view(text).substr(colon + 1)));
  }
  return headers;
}

}  // namespace

Expected<JsonAnswerPtr> JsonAnswer::Read(std::string text) {
  JsonAnswerPtr answer(new JsonAnswer(std::move(text)));
  if (const Status parsed = answer->document_.Parse(answer->text_); !parsed.ok())
    return Internal("expected JSON from the server, got '{}'", answer->text_.substr(0, 200));
  return answer;
}

Expected<std::unique_ptr<AskedServer>> AskedServer::Make(const Asking& asking) {
  ASSIGN_OR_RETURN(client::Endpoint endpoint, client::ParseEndpoint(asking.url, kHttpPort));
  ASSIGN_OR_RETURN(client::HttpHeaders headers, ReadHeaders(asking.headers));
  return std::unique_ptr<AskedServer>(new AskedServer(std::move(endpoint), std::move(headers), asking.timeout()));
}

Expected<client::HttpAnswer> AskedServer::Call(client::HttpCall call) {
  call.headers.insert(call.headers.end(), headers_.begin(), headers_.end());
  Expected<client::HttpAnswer> answer = client_.Call(call, timeout_);
  if (answer || answer.error().code() != StatusCode::kUnavailable) return answer;
  const std::string& why = answer.error().message();
  if (why.ends_with("in time"))
    return Unavailable("{}: --timeout SECONDS waits longer than {} ms", why, timeout_.count());
  if (!why.starts_with("cannot connect")) return answer;
  return Unavailable(
      "{}\n'neso serve FILE' or 'neso --model-repository=FOLDER' starts a server; --url HOST:PORT names another one",
      why);
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
  if (answer.status == kUnauthorized) text += "\n--header 'Authorization: Bearer KEY' sends an access key";
  return Internal("{} (HTTP {})", text, answer.status);
}

Status AskedServer::ExplainModel(const std::string& model, const Status& error) {
  const Expected<std::vector<IndexedModel>> index = AskIndex(*this);
  if (!index) return error;  // nobody need be allowed to see it
  std::vector<std::string> names;
  const IndexedModel* found = nullptr;
  for (const IndexedModel& indexed : *index) {
    names.push_back(indexed.name);
    if (indexed.name == model) found = &indexed;
  }
  if (found == nullptr) {
    const std::vector<std::string> meant = NearestNames(model, names);
    return NotFound("the server has no model '{}'{}; neso models lists them", model,
                    meant.empty() ? "" : "; did you mean " + Join(meant, " or ") + "?");
  }
  if (found->state == "READY") return error;
  return Unavailable("model '{}' is not ready: {}{}\nneso load {} loads it", model,
                     found->state.empty() ? "it is not loaded" : found->state,
                     found->reason.empty() ? "" : ", " + found->reason, model);
}

}  // namespace neso::command
