// A server as commands ask it, over HTTP or gRPC: the answers are the same, in the JSON that HTTP has, with errors that say
// what to do instead.
//
//   ASSIGN_OR_RETURN(const auto server, AskedServer::Make(asking));
//   ASSIGN_OR_RETURN(const auto metadata, server->Metadata("digits", ""));
//   metadata->root()["name"];
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "command/asking.h"
#include "command/json_answer.h"

namespace neso::command {

// Whether something holds, and why not, where the server tells.
struct Condition {
  bool holds = false;
  std::string reason = {};
};

// What a load brings along instead of what the repository has.
struct ModelOverride {
  std::string config = {};                                      // JSON; empty: none
  std::vector<std::pair<std::string, std::string>> files = {};  // by their paths within the model
};

// Confined to a thread. Errors: the server's own text; kUnavailable when it does not answer, and what to type instead.
class AskedServer {
 public:
  // As --url says. Errors: those of AccessOf.
  static Expected<std::unique_ptr<AskedServer>> Make(const Asking& asking);
  virtual ~AskedServer() = default;

  // Of each question from now on.
  virtual void SetTimeout(std::chrono::milliseconds timeout) = 0;

  virtual Expected<Condition> Live() = 0;
  // Of `model`; empty: of the server as a whole.
  virtual Expected<Condition> Ready(const std::string& model) = 0;
  // Of the server, if `model` is empty.
  virtual Expected<JsonAnswerPtr> Metadata(const std::string& model, const std::string& version) = 0;
  virtual Expected<JsonAnswerPtr> Config(const std::string& model, const std::string& version) = 0;
  // Of all models, if `model` is empty.
  virtual Expected<JsonAnswerPtr> Statistics(const std::string& model, const std::string& version) = 0;
  // An array.
  virtual Expected<JsonAnswerPtr> Index(bool ready_only) = 0;
  virtual Status Load(const std::string& model, const ModelOverride& instead) = 0;
  virtual Status Unload(const std::string& model, bool with_dependents) = 0;

  // `error` came of a question about `model`: if the server has no such model, or it is not ready, that is said.
  Status ExplainModel(const std::string& model, const Status& error);
};

}  // namespace neso::command
