// A server as commands ask it: over HTTP, in JSON, with errors that say what to do instead.
//
//   ASSIGN_OR_RETURN(const auto server, AskedServer::Make(asking));
//   ASSIGN_OR_RETURN(const auto metadata, server->Get(ModelPath("digits")));
//   metadata->root()["name"];
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/json_member.h"
#include "base/status.h"
#include "client/http_client.h"
#include "client/server_words.h"
#include "command/server_access.h"

namespace neso::command {

// A text of a server with the values in it.
class JsonAnswer {
 public:
  // Error: kInternal, what is no JSON.
  static Expected<std::unique_ptr<JsonAnswer>> Read(std::string text);
  const std::string& text() const { return text_; }
  const JsonValue& root() const { return document_.root(); }

 private:
  explicit JsonAnswer(std::string text) : text_(std::move(text)) {}
  const std::string text_;
  JsonDocument document_;
};
using JsonAnswerPtr = std::unique_ptr<JsonAnswer>;

using client::ModelPath;

// Confined to a thread.
class AskedServer {
 public:
  // Errors: those of AccessOf.
  static Expected<std::unique_ptr<AskedServer>> Make(const Asking& asking);

  // Any status is an answer. Error: kUnavailable, and what to type instead.
  Expected<client::HttpAnswer> Call(client::HttpCall call);
  // The answers of status 200. Errors: the server's own text; Call's.
  Expected<JsonAnswerPtr> Get(const std::string& path);
  Expected<JsonAnswerPtr> Post(const std::string& path, std::string body = {});
  // What `answer` says went wrong. Precondition: its status is not 200.
  static Status ErrorOf(const client::HttpAnswer& answer);
  // `error` came of a question about `model`: if the server has no such model, or it is not ready, that is said.
  Status ExplainModel(const std::string& model, const Status& error);

 private:
  explicit AskedServer(ServerAccess access) : access_(std::move(access)), client_(access_.endpoint) {}
  Expected<JsonAnswerPtr> Ask(client::HttpCall call);

  const ServerAccess access_;
  client::HttpClient client_;
};

}  // namespace neso::command
