#include "server/check_command.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "base/percent.h"
#include "base/text.h"
#include "engine/inference_server.h"
#include "frontend/http/example_request.h"
#include "server/startup_failures.h"

namespace neso {
namespace {

namespace fs = std::filesystem;

bool IsVersion(const fs::path& folder) {
  const std::string name = folder.filename().string();
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// A model's folder has a configuration or a version.
bool IsModel(const fs::path& folder) {
  std::error_code error;
  if (fs::exists(folder / "config.pbtxt", error)) return true;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (IsVersion(it->path()) && it->is_directory(error)) return true;
  }
  return false;
}

// What to name instead of a folder that is no model's. Empty: nothing suggests itself.
std::string Instead(const fs::path& path) {
  std::error_code error;
  for (fs::path above = path.parent_path(); above.has_filename(); above = above.parent_path()) {
    if (IsModel(above)) return fmt::format("; its model's folder is '{}'", above.string());
  }
  std::vector<std::string> models;
  for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
    if (it->is_directory(error) && IsModel(it->path())) models.push_back("'" + it->path().string() + "'");
  }
  std::sort(models.begin(), models.end());
  constexpr size_t kMostNamed = 8;
  if (models.size() > kMostNamed) models.resize(kMostNamed);
  return models.empty() ? "" : "; it is a model repository: name one of its models, " + Join(models, ", ");
}

Expected<fs::path> ModelFolder(const std::string& text) {
  std::error_code error;
  fs::path path = fs::weakly_canonical(text, error);
  if (error || !fs::exists(path, error)) return NotFound("there is no '{}'", text);
  if (!path.has_filename()) path = path.parent_path();
  if (IsVersion(path) || !fs::is_directory(path, error) || !IsModel(path)) {
    return NotFound("'{}' is not the folder of a model: expected config.pbtxt or a folder named 1 in it{}", text,
                    Instead(path));
  }
  return path;
}

template <typename Tensors>
std::string TensorLines(const Model& model, const Tensors& tensors) {
  std::vector<std::string> texts;
  for (const TensorSpec& tensor : tensors) {
    texts.push_back(fmt::format("{} {} {}{}", tensor.name, DataTypeName(tensor.datatype),
                                ShapeText(WireShape(model, tensor)), tensor.optional ? ", optional" : ""));
  }
  return Join(texts, "\n           ");
}

std::string BatchingOf(const inference::ModelConfig& config) {
  if (config.max_batch_size() == 0) return "none";
  const char* const how = config.has_sequence_batching()  ? ", sequences"
                          : config.has_dynamic_batching() ? ", dynamically"
                                                          : "";
  return fmt::format("up to {}{}", config.max_batch_size(), how);
}

std::string Description(const Model& model) {
  const inference::ModelConfig& config = model.config();
  std::string text = fmt::format("model '{}' version {} loads and is ready\n", model.name(), model.version());
  const auto row = [&text](const char* name, const std::string& value) {
    if (!value.empty()) text += fmt::format("  {:<8} {}\n", name, value);
  };
  row("backend", config.backend());
  row("batching", BatchingOf(config));
  row("inputs", TensorLines(model, model.inputs()));
  row("outputs", TensorLines(model, model.outputs()));
  if (config.model_warmup_size() > 0) row("warm-up", fmt::format("{} samples ran", config.model_warmup_size()));
  row("loaded", fmt::format("in {:.3f} s", model.load_seconds()));
  return text;
}

}  // namespace

Expected<std::vector<std::string>> CheckArguments(const std::vector<std::string>& arguments) {
  if (arguments.size() < 3 || arguments[2].starts_with("-")) {
    return InvalidArg("expected the folder of a model: neso check MODEL-FOLDER [option...]");
  }
  ASSIGN_OR_RETURN(const fs::path model, ModelFolder(arguments[2]));
  // What the caller says comes last, and counts.
  std::vector<std::string> server = {arguments[0], "--log-info=false", "--model-control-mode=explicit",
                                     "--model-repository=" + model.parent_path().string(),
                                     "--load-model=" + model.filename().string()};
  server.insert(server.end(), arguments.begin() + 3, arguments.end());
  return server;
}

int CheckModel(const Options& options) {
  std::map<std::string, std::string> failures;
  const auto server = InferenceServer::Start(
      options.server, [&failures](const InferenceServer& started) { failures = started.StartupFailures(); });
  if (!server) {
    const std::string why = failures.empty() ? server.error().message() : NamesAndReasons(failures);
    std::fprintf(stderr, "error: %s\n", why.c_str());
    return 1;
  }
  for (const ModelHandle& model : (*server)->ReadyModels()) {
    if (!options.server.startup_models.contains(model->name())) continue;
    if (const Status ready = model->CheckReady(); !ready.ok()) {
      std::fprintf(stderr, "error: model '%s' loads, but is not ready: %s\n", model->name().c_str(),
                   ready.message().c_str());
      return 1;
    }
    std::fputs(Description(*model).c_str(), stdout);
    const std::string url = fmt::format("http://localhost:8000/v2/models/{}/infer", EncodePercents(model->name()));
    const std::string example = ExampleRequest(*model, url, ExampleKind::kInfer);
    if (!example.empty()) std::printf("a request, once it is served:\n  %s\n", example.c_str());
  }
  return 0;
}

}  // namespace neso
