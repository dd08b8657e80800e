#include "config/complete.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace neso {
namespace {

enum class FileKind { kAny, kFile, kFolder };

// A framework that is known by its platform or by the file that its models lie in.
struct Framework {
  std::string_view backend;
  std::string_view platform;  // empty: the backend has none
  std::string_view file;
  FileKind kind;
};

// In the order in which they are tried.
constexpr std::array<Framework, 8> kFrameworks = {{
    {"tensorflow", "tensorflow_savedmodel", "model.savedmodel", FileKind::kFolder},
    {"tensorflow", "tensorflow_graphdef", "model.graphdef", FileKind::kFile},
    {"tensorrt", "tensorrt_plan", "model.plan", FileKind::kAny},
    {"onnxruntime", "onnxruntime_onnx", "model.onnx", FileKind::kAny},
    {"openvino", "", "model.xml", FileKind::kAny},
    {"pytorch", "pytorch_libtorch", "model.pt", FileKind::kAny},
    {"pytorch", "torch_aoti", "model.pt2", FileKind::kAny},
    {"python", "", "model.py", FileKind::kAny},
}};

bool Holds(const ModelFolder& folder, const Framework& framework) {
  return std::any_of(folder.first_version.begin(), folder.first_version.end(), [&](const FolderEntry& entry) {
    if (entry.name != framework.file) return false;
    return framework.kind == FileKind::kAny || entry.is_folder == (framework.kind == FileKind::kFolder);
  });
}

// Whether the platform or the file name says `framework`, or, where neither is given, the files of the first version
// do.
bool Matches(const ModelFolder& folder, const inference::ModelConfig& config, const Framework& framework) {
  if (!framework.platform.empty() && config.platform() == framework.platform) return true;
  if (config.default_model_filename() == framework.file) return true;
  return config.platform().empty() && config.default_model_filename().empty() && Holds(folder, framework);
}

// The framework among those of the configured backend; null if the backend is not known or it is not clear which.
const Framework* FrameworkOfBackend(const ModelFolder& folder, const inference::ModelConfig& config) {
  const Framework* first = nullptr;
  for (const Framework& framework : kFrameworks) {
    if (framework.backend != config.backend()) continue;
    const bool said = (!framework.platform.empty() && config.platform() == framework.platform) ||
                      (config.platform().empty() && config.default_model_filename() == framework.file) ||
                      (config.backend() == "tensorflow" && Matches(folder, config, framework));
    if (said) return &framework;
    if (first == nullptr) first = &framework;
  }
  // SavedModel and GraphDef are equals; the other backends have a usual form.
  return config.backend() == "tensorflow" ? nullptr : first;
}

void FillFromFramework(const Framework& framework, inference::ModelConfig& config) {
  if (config.platform().empty()) config.set_platform(std::string(framework.platform));
  if (config.default_model_filename().empty()) config.set_default_model_filename(std::string(framework.file));
}

// Fills what a given backend implies.
void CompleteKnownBackend(const ModelFolder& folder, inference::ModelConfig& config) {
  const Framework* framework = FrameworkOfBackend(folder, config);
  if (framework == nullptr) return;
  // These leave the choice of the file to the backend: a Python runtime looks for more than one, and so does
  // pytorch when told its platform.
  const bool backend_chooses = config.backend() == "pytorch" &&
                               (config.runtime() == "model.py" || config.platform() == "pytorch_libtorch") &&
                               config.default_model_filename().empty();
  FillFromFramework(*framework, config);
  if (backend_chooses) config.clear_default_model_filename();
}

}  // namespace

Status CompleteModelConfig(const ModelFolder& folder, inference::ModelConfig& config) {
  if (config.name().empty()) config.set_name(folder.name);
  if (config.platform() == "ensemble") return {};
  if (!config.backend().empty()) {
    CompleteKnownBackend(folder, config);
    return {};
  }

  for (const Framework& framework : kFrameworks) {
    if (!Matches(folder, config, framework)) continue;
    config.set_backend(std::string(framework.backend));
    FillFromFramework(framework, config);
    return {};
  }
  if (config.platform() == "libtorch") {
    config.set_backend("pytorch");
    return {};
  }
  if (!config.platform().empty() || !config.default_model_filename().empty()) return {};

  const size_t dot = config.name().find('.');
  if (dot == std::string::npos) {
    return InvalidArg(
        "Invalid model name: Could not determine backend for model '{}' with no backend in model configuration. "
        "Expected model name of the form 'model.<backend_name>'.",
        config.name());
  }
  config.set_backend(config.name().substr(dot + 1));
  config.set_default_model_filename("model." + config.backend());
  return {};
}

std::string_view UsualModelFileName(std::string_view file) {
  const size_t dot = file.rfind('.');
  if (dot == std::string_view::npos) return "";
  for (const Framework& framework : kFrameworks) {
    // The part of a program may have any name; only the model's own is known.
    if (framework.file != "model.py" && framework.file.substr(framework.file.rfind('.')) == file.substr(dot)) {
      return framework.file;
    }
  }
  return file == "model.py" ? file : "";
}

std::string BackendLibraryName(const std::string& backend) { return "libtriton_" + backend + ".so"; }

}  // namespace neso
