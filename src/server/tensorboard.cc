#include "server/tensorboard.h"

#include <filesystem>
#include <set>
#include <string>
#include <system_error>

#include "observe/tensorboard/onnx_graph.h"

namespace neso {
namespace {

// Of an ONNX model in a folder of this machine.
std::string GraphOf(const std::set<std::string>& repositories, const Model& model) {
  const inference::ModelConfig& config = model.config();
  if (config.backend() != "onnxruntime") return {};
  const std::string name = config.default_model_filename().empty() ? "model.onnx" : config.default_model_filename();
  for (const std::string& repository : repositories) {
    const auto file = std::filesystem::path(repository) / config.name() / std::to_string(model.version()) / name;
    std::error_code error;
    if (std::filesystem::is_regular_file(file, error)) return OnnxGraphDef(file);
  }
  return {};
}

}  // namespace

std::unique_ptr<TensorboardLog> MakeTensorboardLog(const InferenceServer& server, const Options& options) {
  if (options.tensorboard.folder.empty()) return nullptr;
  return std::make_unique<TensorboardLog>(
      options.tensorboard, [&server] { return server.ReadyModels(); },
      [repositories = options.server.model_repositories](const Model& model) { return GraphOf(repositories, model); });
}

}  // namespace neso
