#include "command/repository/repository_commands.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <system_error>

#include "base/json.h"
#include "base/text.h"
#include "command/check_words.h"
#include "command/repository/import_model.h"
#include "command/repository/repository_models.h"
#include "command/say.h"

namespace neso::command {
namespace {

constexpr const char* kAll = "all";

struct RepositoryWords {
  std::string repository, word, model, source, backend;
  bool json = false;
  bool force = false;
};

// FILE -m NAME says the same as NAME --source FILE.
Status ReadImportWords(RepositoryWords& words) {
  if (!words.backend.empty() && words.backend != "vllm")
    return InvalidArg("--backend {}: expected vllm, for models of hf:", words.backend);
  if (words.word.empty() && words.model.empty()) return InvalidArg("MODEL is required");
  if (words.word.empty()) return {};
  if (words.model.empty()) {
    words.model = words.word;
    return {};
  }
  if (!words.source.empty())
    return InvalidArg("'{}' and --source {}: expected one of them, where '{}' is to come from", words.word,
                      words.source, words.model);
  words.source = words.word;
  return {};
}

Expected<int> Import(const RepositoryWords& words) {
  // With one word it is both: what it is called, and where from.
  const bool is_name = words.source.empty() && !std::filesystem::exists(words.model);
  const bool is_only_source = words.source.empty() && (!is_name || words.model.find(':') != std::string::npos);
  const std::string name = is_only_source ? "" : words.model;
  ASSIGN_OR_RETURN(const ImportSource source,
                   ReadImportSource(words.model, is_only_source ? words.model : words.source));
  ASSIGN_OR_RETURN(
      const Imported imported,
      ImportModel({.repository = words.repository, .model = name, .source = source, .replaces = words.force}));
  if (words.json) {
    SayJson(fmt::format(R"({{"name":{},"folder":{}}})", JsonQuoted(imported.model), JsonQuoted(imported.folder)));
  } else {
    Say(fmt::format("{} is in {}\n{}", imported.model, imported.folder,
                    imported.note.empty() ? "" : imported.note + "\n"));
  }
  return kDone;
}

std::string JsonOf(const std::vector<FoundModel>& models) {
  std::vector<std::string> texts;
  for (const FoundModel& model : models) {
    texts.push_back(fmt::format(R"({{"name":{},"versions":[{}],"backend":{},"bytes":{}}})", JsonQuoted(model.name),
                                fmt::join(model.versions, ","), JsonQuoted(model.backend), model.bytes));
  }
  return "[" + Join(texts, ",") + "]";
}

Expected<int> List(const RepositoryWords& words) {
  ASSIGN_OR_RETURN(const std::vector<FoundModel> models, ModelsIn(words.repository));
  if (words.json) {
    SayJson(JsonOf(models));
    return kDone;
  }
  if (models.empty()) {
    Say(fmt::format("'{}' has no models: neso import FILE|FOLDER|hf:ID brings one in\n", words.repository));
    return kDone;
  }
  std::vector<std::vector<std::string>> rows = {{"model", "versions", "backend", "size"}};
  for (const FoundModel& model : models) {
    rows.push_back({model.name, fmt::format("{}", fmt::join(model.versions, ", ")),
                    model.problem.empty() ? model.backend : model.problem, BytesText(model.bytes)});
  }
  SayTable(rows);
  return kDone;
}

Expected<int> Remove(const RepositoryWords& words) {
  std::vector<FoundModel> models;
  if (words.model == kAll) {
    ASSIGN_OR_RETURN(models, ModelsIn(words.repository));
  } else {
    ASSIGN_OR_RETURN(FoundModel model, FindIn(words.repository, words.model));
    models.push_back(std::move(model));
  }
  for (const FoundModel& model : models) {
    std::error_code error;
    std::filesystem::remove_all(model.folder, error);
    if (error) return Internal("cannot remove '{}': {}", model.folder, error.message());
    if (!words.json) Say(fmt::format("removed {}\n", model.folder));
  }
  if (words.json) SayJson(JsonOf(models));
  return kDone;
}

}  // namespace

void AddRepository(CLI::App& app, std::string& folder) {
  const char* const home = std::getenv("HOME");
  folder = std::string(home == nullptr ? "." : home) + "/models";
  app.add_option("--model-repository,--repo,--model-store", folder,
                 "The folder of models; else NESO_MODEL_REPOSITORY, or ~/models.")
      ->type_name("FOLDER")
      ->envname("NESO_MODEL_REPOSITORY");
}

Action SetUpImport(CLI::App& app, const ProgramParts& /*parts*/) {
  auto words = std::make_shared<RepositoryWords>();
  app.add_option("MODEL", words->word, "A file, a folder or hf:ID; or with --source what the model is to be called.");
  app.add_option("-m,--model", words->model, "What the model is to be called.")->type_name("NAME");
  app.add_option("-s,--source", words->source, "Where it comes from: a file, a folder, local:PATH or hf:ID.");
  app.add_option("--backend", words->backend, "The backend of a model of hf:, which is vllm.");
  app.add_flag("--force", words->force, "Replace a model that is there.");
  AddRepository(app, words->repository);
  app.add_flag("--json", words->json, "Print JSON, for programs.");
  app.footer(
      "Example:\n  neso import digits.onnx\n  neso import export.onnx --model digits\n"
      "  neso import opt --source hf:facebook/opt-125m");
  CheckWords(app, [words] { return ReadImportWords(*words); });
  return [words] { return Import(*words); };
}

Action SetUpList(CLI::App& app, const ProgramParts& /*parts*/) {
  auto words = std::make_shared<RepositoryWords>();
  AddRepository(app, words->repository);
  app.add_flag("--json", words->json, "Print JSON, for programs.");
  app.footer("Example:\n  neso list --model-repository models");
  return [words] { return List(*words); };
}

Action SetUpRemove(CLI::App& app, const ProgramParts& /*parts*/) {
  auto words = std::make_shared<RepositoryWords>();
  app.add_option("MODEL,-m,--model", words->model, "The model; all: every one.")->required();
  AddRepository(app, words->repository);
  app.add_flag("--json", words->json, "Print JSON, for programs.");
  app.footer("Example:\n  neso remove digits --model-repository models");
  return [words] { return Remove(*words); };
}

}  // namespace neso::command
