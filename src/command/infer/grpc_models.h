// The models of a server, asked over gRPC.
//
//   GrpcModels models(access);
//   ASSIGN_OR_RETURN(const ModelFacts facts, models.AskModel("digits", ""));
//   ASSIGN_OR_RETURN(const InferAnswer answer, models.Infer(question));
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "base/status.h"
#include "client/grpc_client.h"
#include "command/infer/infer_call.h"
#include "command/infer/model_facts.h"
#include "command/server_access.h"

namespace neso::command {

// Confined to a thread. Errors: the server's own text, and what to type instead.
class GrpcModels {
 public:
  explicit GrpcModels(ServerAccess access) : access_(std::move(access)), client_(access_.endpoint) {}

  Expected<ModelFacts> AskModel(const std::string& name, const std::string& version);
  Expected<InferAnswer> Infer(const InferQuestion& question);
  // Of a decoupled model: `take` gets each answer when it comes. Errors: the first of them, and of `take`.
  Status InferForMany(const InferQuestion& question, const std::function<Status(const InferAnswer&)>& take);

 private:
  Expected<std::string> Call(std::string_view method, const std::string& message);
  // `error`, or that there is no such model.
  Status ExplainModel(const std::string& name, const Status& error);

  const ServerAccess access_;
  client::GrpcClient client_;
};

}  // namespace neso::command
