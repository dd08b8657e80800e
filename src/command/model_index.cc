#include "command/model_index.h"

#include "command/asked_server.h"
#include "command/json_members.h"

namespace neso::command {

std::vector<IndexedModel> ReadIndex(const JsonValue& index) {
  std::vector<IndexedModel> models;
  if (!index.IsArray()) return models;
  for (const JsonValue& row : index.GetArray()) {
    models.push_back({TextOf(row, "name"), TextOf(row, "version"), TextOf(row, "state"), TextOf(row, "reason")});
  }
  return models;
}

Expected<std::vector<IndexedModel>> AskIndex(AskedServer& server) {
  ASSIGN_OR_RETURN(const JsonAnswerPtr index, server.Post("/v2/repository/index"));
  return ReadIndex(index->root());
}

}  // namespace neso::command
