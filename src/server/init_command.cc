#include "server/init_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "base/exit_code.h"
#include "base/json.h"
#include "base/text.h"
#include "base/write_file.h"
#include "engine/inference_server.h"
#include "server/startup_failures.h"

namespace neso {
namespace {

namespace fs = std::filesystem;

// In the folder of the model: above that of a version.
fs::path ConfigPath(const StagedModel& staged) {
  fs::path folder = staged.path;
  if (staged.is_file) folder = folder.parent_path();
  const std::string name = folder.filename().string();
  const bool is_version =
      !name.empty() && std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
  return (is_version ? folder.parent_path() : folder) / "config.pbtxt";
}

// Texts are quoted as in JSON, which text of protocol buffers is read like.
template <typename Tensors>
void AddTensors(std::string& text, const char* kind, const Tensors& tensors) {
  for (const auto& tensor : tensors) {
    std::vector<std::string> dims;
    for (const int64_t dim : tensor.dims()) dims.push_back(std::to_string(dim));
    text += fmt::format("{} {{ name: {} data_type: {} dims: [ {} ]", kind, JsonQuoted(tensor.name()),
                        inference::DataType_Name(tensor.data_type()), Join(dims, ", "));
    if (tensor.has_reshape()) {
      std::vector<std::string> shape;
      for (const int64_t dim : tensor.reshape().shape()) shape.push_back(std::to_string(dim));
      text += fmt::format(" reshape {{ shape: [ {} ] }}", Join(shape, ", "));
    }
    if constexpr (requires { tensor.optional(); }) {
      if (tensor.optional()) text += " optional: true";
      if (tensor.allow_ragged_batch()) text += " allow_ragged_batch: true";
    }
    if constexpr (requires { tensor.label_filename(); }) {
      if (!tensor.label_filename().empty()) text += " label_filename: " + JsonQuoted(tensor.label_filename());
    }
    text += " }\n";
  }
}

void AddBatching(std::string& text, const inference::ModelConfig& config) {
  if (config.max_batch_size() == 0) {
    text +=
        "\n# The model takes one request at a time: not all of its first dimensions are open. If they count rows, export it with\n"
        "# an open first dimension, say max_batch_size, and leave that dimension out of all dims.\nmax_batch_size: 0\n";
    return;
  }
  text += fmt::format(
      "\n# As many rows may be one batch, of one request or of several. Requests have one dimension more than dims, the first.\n"
      "# Larger batches use the machine better, and each takes longer.\nmax_batch_size: {}\n",
      config.max_batch_size());
  if (config.has_dynamic_batching()) {
    text +=
        "\n# Requests that wait are executed together. A delay, in microseconds, lets more of them come.\n"
        "dynamic_batching {\n  # max_queue_delay_microseconds: 500\n}\n";
  }
}

std::string ConfigOf(const Model& model, const StagedModel& staged) {
  const inference::ModelConfig& config = model.config();
  std::string text = fmt::format("# Written by 'neso init' from {}. What is left out has its usual value.\n",
                                 fs::path(staged.path).filename().string());
  if (!config.platform().empty()) text += fmt::format("platform: {}\n", JsonQuoted(config.platform()));
  text += fmt::format("backend: {}\n", JsonQuoted(config.backend()));
  const std::string file = fs::path(staged.path).filename().string();
  if (staged.is_file && file != staged.usual_file) {
    text += fmt::format("default_model_filename: {}\n", JsonQuoted(file));
  }
  AddBatching(text, config);
  text += "\n# -1: any size.\n";
  AddTensors(text, "input", config.input());
  AddTensors(text, "output", config.output());
  text +=
      "\n# Executions of the model that may run at once; weights are shared where the backend can.\n"
      "# instance_group { count: 2 kind: KIND_CPU }\n";
  std::vector<std::string> keys;
  for (const auto& [key, value] : config.parameters()) keys.push_back(key);
  std::sort(keys.begin(), keys.end());
  for (const std::string& key : keys) {
    text += fmt::format("parameters {{ key: {} value: {{ string_value: {} }} }}\n", JsonQuoted(key),
                        JsonQuoted(config.parameters().at(key).string_value()));
  }
  return text;
}

int Fail(const std::string& why) {
  std::fprintf(stderr, "error: %s\n", why.c_str());
  return kFailed;
}

}  // namespace

int InitModel(const StagedModel& staged, const Options& options) {
  const fs::path path = ConfigPath(staged);
  std::error_code error;
  if (!staged.to_stdout && !staged.force && fs::exists(path, error)) {
    return Fail(fmt::format("'{}' is there already: --force writes it anew, --stdout shows what would be written",
                            path.string()));
  }
  std::map<std::string, std::string> failures;
  const auto server = InferenceServer::Start(
      options.server, [&failures](const InferenceServer& started) { failures = started.StartupFailures(); });
  if (!server) return Fail(failures.empty() ? server.error().message() : NamesAndReasons(failures));
  const std::vector<ModelHandle> models = (*server)->ReadyModels();
  if (models.empty()) return Fail("the model is not ready");
  const std::string text = ConfigOf(*models[0], staged);
  if (staged.to_stdout) {
    std::fputs(text.c_str(), stdout);
    return kDone;
  }
  if (const Status written = WriteFile(path, text); !written.ok()) return Fail(written.message());
  std::printf("wrote %s\n", path.c_str());
  return kDone;
}

}  // namespace neso
