#include "command/control_commands.h"

#include <algorithm>
#include <chrono>
#include <memory>

#include "base/json.h"
#include "base/read_file.h"
#include "base/text.h"
#include "command/asked_server.h"
#include "command/model_index.h"
#include "command/say.h"

namespace neso::command {
namespace {

constexpr size_t kMostBytes = size_t{2} << 30;

struct ControlWords {
  Asking asking;
  std::vector<std::string> models;
  std::string config;              // a file's name, or JSON
  std::vector<std::string> files;  // "1/model.onnx=FILE"
  bool with_dependents = false;
};

// The configuration as the request brings it: JSON of a file, or of the command line.
Expected<std::string> ConfigText(const std::string& given) {
  if (std::string(TrimBlanks(given)).starts_with("{")) return given;
  Expected<std::string> text = ReadFile(given, kMostBytes);
  if (!text) return InvalidArg("--config: {}", text.error().message());
  if (!TrimBlanks(*text).starts_with("{")) {
    return InvalidArg("--config {}: expected a configuration in JSON, such as 'neso config MODEL --json' prints",
                      given);
  }
  return text;
}

Status CheckOverride(const ControlWords& words) {
  if (words.models.size() > 1 && (!words.config.empty() || !words.files.empty()))
    return InvalidArg("--config and --file are those of one model, got {}", words.models.size());
  if (!words.files.empty() && words.config.empty())
    return InvalidArg("--file: files of a request come with their configuration: add --config FILE.json");
  for (const std::string& word : words.files) {
    if (word.find('=') == std::string::npos || word.starts_with('='))
      return InvalidArg("--file {}: expected PATH-IN-MODEL=FILE, such as 1/model.onnx=digits.onnx", word);
  }
  return {};
}

// Precondition: CheckOverride.
Expected<ModelOverride> OverrideOf(const ControlWords& words) {
  ModelOverride instead;
  if (!words.config.empty()) {
    ASSIGN_OR_RETURN(instead.config, ConfigText(words.config));
  }
  for (const std::string& word : words.files) {
    const size_t equals = word.find('=');
    Expected<std::string> bytes = ReadFile(word.substr(equals + 1), kMostBytes);
    if (!bytes) return InvalidArg("--file: {}", bytes.error().message());
    instead.files.emplace_back(word.substr(0, equals), *std::move(bytes));
  }
  return instead;
}

// The server's own text for a mode in which it decides itself.
Status Explain(AskedServer& server, const std::string& model, const Status& error) {
  if (error.message().find("explicit") != std::string::npos) {
    return Status(error.code(), error.message() +
                                    "\na server loads and unloads on request when it was started with "
                                    "--model-control-mode=explicit");
  }
  const Expected<std::vector<IndexedModel>> index = AskIndex(server);
  if (!index) return error;
  for (const IndexedModel& indexed : *index) {
    if (indexed.name == model) return error;
  }
  return server.ExplainModel(model, error);
}

Expected<int> Load(const ControlWords& words) {
  ASSIGN_OR_RETURN(const auto server, AskedServer::Make(words.asking));
  ASSIGN_OR_RETURN(const ModelOverride instead, OverrideOf(words));
  for (const std::string& model : words.models) {
    const auto begin = std::chrono::steady_clock::now();
    const Status loaded = server->Load(model, instead);
    if (!loaded.ok()) return words.files.empty() ? Explain(*server, model, loaded) : loaded;
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    if (words.asking.json) {
      SayJson(fmt::format(R"({{"name":{},"loaded":true,"seconds":{:.3f}}})", JsonQuoted(model), seconds.count()));
    } else {
      Say(fmt::format("loaded {} in {:.3f} s\n", model, seconds.count()));
    }
  }
  return kDone;
}

// A server has no complaint about the unloading of what it has not, which is a word mistyped.
Status CheckIsKnown(AskedServer& server, const std::string& model) {
  const Expected<std::vector<IndexedModel>> index = AskIndex(server);
  if (!index || std::ranges::find(*index, model, &IndexedModel::name) != index->end()) return {};
  return server.ExplainModel(model, {});
}

Expected<int> Unload(const ControlWords& words) {
  ASSIGN_OR_RETURN(const auto server, AskedServer::Make(words.asking));
  for (const std::string& model : words.models) RETURN_IF_ERROR(CheckIsKnown(*server, model));
  for (const std::string& model : words.models) {
    const Status unloaded = server->Unload(model, words.with_dependents);
    if (!unloaded.ok()) return Explain(*server, model, unloaded);
    if (words.asking.json) {
      SayJson(fmt::format(R"({{"name":{},"unloaded":true}})", JsonQuoted(model)));
    } else {
      Say(fmt::format("{} leaves when its last request is answered\n", model));
    }
  }
  return kDone;
}

}  // namespace

Action SetUpLoad(CLI::App& app, const ProgramParts& /*parts*/) {
  auto words = std::make_shared<ControlWords>();
  app.add_option("MODEL", words->models, "The models, of the server's repositories.")->required();
  app.add_option("--config", words->config, "A configuration instead of the model's own: a file of JSON, or JSON.")
      ->type_name("FILE");
  app.add_option("--file", words->files, "A file of the model, sent along: it has no others then; again for each.")
      ->type_name("PATH-IN-MODEL=FILE")
      ->allow_extra_args(false);
  AddAskingOptions(app, words->asking, [words] { return CheckOverride(*words); });
  app.footer("Example:\n  neso load digits\n  neso load digits --config config.json --file 1/model.onnx=digits.onnx");
  return [words] { return Load(*words); };
}

Action SetUpUnload(CLI::App& app, const ProgramParts& /*parts*/) {
  auto words = std::make_shared<ControlWords>();
  app.add_option("MODEL", words->models, "The models.")->required();
  app.add_flag("--dependents", words->with_dependents, "Those that an ensemble calls leave with it.");
  AddAskingOptions(app, words->asking);
  app.footer("Example:\n  neso unload digits");
  return [words] { return Unload(*words); };
}

}  // namespace neso::command
