#include "command/model_index.h"

#include "base/nearest.h"
#include "base/text.h"
#include "command/asked_server.h"
#include "command/json_members.h"

namespace neso::command {

std::vector<IndexedModel> ReadIndex(const JsonValue& index) {
  std::vector<IndexedModel> models;
  if (!index.IsArray()) return models;
  for (const JsonValue& row : index.GetArray()) {
    if (TextOf(row, "name").empty()) continue;
    models.push_back({TextOf(row, "name"), TextOf(row, "version"), TextOf(row, "state"), TextOf(row, "reason")});
  }
  return models;
}

Expected<std::vector<IndexedModel>> AskIndex(AskedServer& server) {
  ASSIGN_OR_RETURN(const JsonAnswerPtr index, server.Index(/*ready_only=*/false));
  return ReadIndex(index->root());
}

Status ExplainModel(const std::string& model, const std::vector<IndexedModel>& index, const Status& error) {
  std::vector<std::string> names;
  const IndexedModel* found = nullptr;
  for (const IndexedModel& indexed : index) {
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
