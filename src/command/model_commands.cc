#include "command/model_commands.h"

#include <memory>

#include "command/asked_server.h"
#include "command/infer/tensor.h"
#include "command/json_members.h"
#include "command/model_index.h"
#include "command/say.h"

namespace neso::command {
namespace {

struct ModelWords {
  Asking asking;
  std::string model, version;
  bool ready_only = false;
};

void AddVersion(CLI::App& app, ModelWords& words) {
  app.add_option("--version", words.version, "One version of the model; the one the server chooses unless given.")
      ->type_name("N");
}

Expected<int> ListModels(const ModelWords& words) {
  ASSIGN_OR_RETURN(const auto server, AskedServer::Make(words.asking));
  ASSIGN_OR_RETURN(const JsonAnswerPtr index, server->Index(words.ready_only));
  if (words.asking.json) {
    SayJson(index->text());
    return kDone;
  }
  std::vector<std::vector<std::string>> rows = {{"model", "version", "state", "reason"}};
  for (const IndexedModel& model : ReadIndex(index->root())) {
    rows.push_back({model.name, model.version, model.state.empty() ? "not loaded" : model.state, model.reason});
  }
  if (rows.size() == 1) {
    Say("the server has no models\n");
    return kDone;
  }
  SayTable(rows);
  return kDone;
}

void AddTensorRows(const JsonValue& metadata, const char* kind, std::vector<std::vector<std::string>>& rows) {
  for (const JsonValue& tensor : ArrayOf(metadata, (std::string(kind) + "s").c_str()).GetArray()) {
    rows.push_back({kind, TextOf(tensor, "name"), TextOf(tensor, "datatype"), ShapeText(ShapeOf(tensor, "shape"))});
  }
}

Expected<int> ShowMetadata(const ModelWords& words) {
  ASSIGN_OR_RETURN(const auto server, AskedServer::Make(words.asking));
  const bool is_of_server = words.model.empty();
  const Expected<JsonAnswerPtr> metadata = server->Metadata(words.model, words.version);
  if (!metadata) return is_of_server ? metadata.error() : server->ExplainModel(words.model, metadata.error());
  if (words.asking.json) {
    SayJson((*metadata)->text());
    return kDone;
  }
  const JsonValue& root = (*metadata)->root();
  const char* const list = is_of_server ? "extensions" : "versions";
  std::string listed;
  for (const JsonValue& item : ArrayOf(root, list).GetArray()) {
    if (item.IsString()) listed += fmt::format("{}{}", listed.empty() ? "" : ", ", JsonText(item));
  }
  if (is_of_server) {
    Say(fmt::format("{} {}\nextensions: {}\n", TextOf(root, "name"), TextOf(root, "version"), listed));
    return kDone;
  }
  Say(fmt::format("model {}, versions {}, platform {}\n", TextOf(root, "name"), listed, TextOf(root, "platform")));
  std::vector<std::vector<std::string>> rows = {{"tensor", "name", "datatype", "shape"}};
  AddTensorRows(root, "input", rows);
  AddTensorRows(root, "output", rows);
  SayTable(rows);
  return kDone;
}

Expected<int> ShowConfig(const ModelWords& words) {
  ASSIGN_OR_RETURN(const auto server, AskedServer::Make(words.asking));
  const Expected<JsonAnswerPtr> config = server->Config(words.model, words.version);
  if (!config) return server->ExplainModel(words.model, config.error());
  SayJson(words.asking.json ? (*config)->text() : IndentedJson((*config)->root()));
  return kDone;
}

}  // namespace

Action SetUpModels(CLI::App& app, const ProgramParts& /*parts*/) {
  auto words = std::make_shared<ModelWords>();
  app.add_flag("--ready", words->ready_only, "Only those that answer requests.");
  AddAskingOptions(app, words->asking);
  app.footer("Example:\n  neso models");
  return [words] { return ListModels(*words); };
}

Action SetUpMetadata(CLI::App& app, const ProgramParts& /*parts*/) {
  auto words = std::make_shared<ModelWords>();
  app.add_option("MODEL", words->model, "The model; the server itself unless given.");
  AddVersion(app, *words);
  AddAskingOptions(app, words->asking);
  app.footer("Example:\n  neso metadata digits");
  return [words] { return ShowMetadata(*words); };
}

Action SetUpConfig(CLI::App& app, const ProgramParts& /*parts*/) {
  auto words = std::make_shared<ModelWords>();
  app.add_option("MODEL,-m,--model", words->model, "The model.")->required();
  AddVersion(app, *words);
  AddAskingOptions(app, words->asking);
  app.footer("Example:\n  neso config digits");
  return [words] { return ShowConfig(*words); };
}

}  // namespace neso::command
