// The models of a server's repositories, and their states.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "base/status.h"

namespace neso::command {

class AskedServer;

struct IndexedModel {
  std::string name, version, state, reason;  // all but the name may be empty: a model that was never loaded
};

std::vector<IndexedModel> ReadIndex(const JsonValue& index);

// Errors: AskedServer::Index's.
Expected<std::vector<IndexedModel>> AskIndex(AskedServer& server);

// `error` came of a question about `model`: if the server has no such model, or it is not ready, that is said instead.
Status ExplainModel(const std::string& model, const std::vector<IndexedModel>& index, const Status& error);

}  // namespace neso::command
