// A server that is asked over HTTP: what the protocol's paths and bodies say.
//
//   AskedOverHttp server(access);
//   ASSIGN_OR_RETURN(const client::HttpAnswer answer, server.Call({.path = "/metrics"}));
//   if (answer.status != 200) return AskedOverHttp::ErrorOf(answer);
#pragma once

#include <chrono>
#include <string>
#include <utility>

#include "client/http_client.h"
#include "command/asked_server.h"
#include "command/server_access.h"

namespace neso::command {

// Confined to a thread.
class AskedOverHttp final : public AskedServer {
 public:
  explicit AskedOverHttp(ServerAccess access)
      : access_(std::move(access)), client_(access_.endpoint, access_.max_answer_bytes) {}

  void SetTimeout(std::chrono::milliseconds timeout) override { access_.timeout = timeout; }
  Expected<Condition> Live() override;
  Expected<Condition> Ready(const std::string& model) override;
  Expected<JsonAnswerPtr> Metadata(const std::string& model, const std::string& version) override;
  Expected<JsonAnswerPtr> Config(const std::string& model, const std::string& version) override;
  Expected<JsonAnswerPtr> Statistics(const std::string& model, const std::string& version) override;
  Expected<JsonAnswerPtr> Index(bool ready_only) override;
  Status Load(const std::string& model, const ModelOverride& instead) override;
  Status Unload(const std::string& model, bool with_dependents) override;

  // Any status is an answer. Error: kUnavailable, and what to type instead.
  Expected<client::HttpAnswer> Call(client::HttpCall call, const client::HttpClient::TakeBody& take = {});
  // What `answer` says went wrong. Precondition: its status is not 200.
  static Status ErrorOf(const client::HttpAnswer& answer);

 private:
  // The answer's body, if its status is 200.
  Expected<std::string> Ask(client::HttpCall call);
  Expected<JsonAnswerPtr> AskJson(client::HttpCall call);
  Expected<Condition> AskWhether(const std::string& path);
  // load or unload.
  Status Control(const std::string& model, const char* what, std::string body);

  ServerAccess access_;
  client::HttpClient client_;
};

}  // namespace neso::command
