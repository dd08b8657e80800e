#include "command/asked_server.h"

#include "command/asked_over_grpc.h"
#include "command/asked_over_http.h"
#include "command/model_index.h"

namespace neso::command {

Expected<std::unique_ptr<AskedServer>> AskedServer::Make(const Asking& asking) {
  ASSIGN_OR_RETURN(ServerAccess access, AccessOf(asking));
  std::unique_ptr<AskedServer> server;
  if (access.protocol == client::Protocol::kGrpc) {
    server = std::make_unique<AskedOverGrpc>(std::move(access));
  } else {
    server = std::make_unique<AskedOverHttp>(std::move(access));
  }
  return server;
}

Status AskedServer::ExplainModel(const std::string& model, const Status& error) {
  const Expected<std::vector<IndexedModel>> index = AskIndex(*this);
  if (!index) return error;  // nobody need be allowed to see it
  return command::ExplainModel(model, *index, error);
}

}  // namespace neso::command
