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

// Errors: AskedServer::Post's.
Expected<std::vector<IndexedModel>> AskIndex(AskedServer& server);

}  // namespace neso::command
