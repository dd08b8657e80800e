// A server that is asked over gRPC: what the service's messages say, as the JSON that HTTP has for them.
//
//   AskedOverGrpc server(access);
//   ASSIGN_OR_RETURN(const std::string response, server.Call("ModelInfer", request));
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "client/grpc_client.h"
#include "command/asked_server.h"
#include "command/server_access.h"

namespace neso::command {

// Confined to a thread.
class AskedOverGrpc final : public AskedServer {
 public:
  explicit AskedOverGrpc(ServerAccess access)
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

  // Of the inference service: the message of the answer, and those of several, until `take` says false.
  Expected<std::string> Call(std::string_view method, const std::string& message);
  Status CallForMany(std::string_view method, const std::string& message, std::function<bool(std::string_view)> take);

 private:
  Expected<Condition> AskWhether(std::string_view method, const std::string& message);

  ServerAccess access_;
  client::GrpcClient client_;
};

}  // namespace neso::command
