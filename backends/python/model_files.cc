#include "model_files.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string_view>
#include <utility>

#include "neso/backend/log.h"
#include "requirements.h"

namespace neso::python {
namespace {

using backend::Model;
using backend::Result;
using backend::Status;

namespace fs = std::filesystem;

constexpr std::string_view kModelDirectory = "$$TRITON_MODEL_DIRECTORY";

bool Exists(const std::string& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

bool IsFile(const std::string& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

// Nobody has said what goes in and what comes out: neither a file, nor the request that loads the model.
bool IsLone(const Model& model) {
  const bool has_file =
      Exists(model.repository_path() + "/config.pbtxt") || Exists(model.repository_path() + "/configs");
  return !has_file && model.config().inputs.empty() && model.config().outputs.empty();
}

// The folder of a backend that is written in Python itself and serves many models; empty for other models.
Result<std::string> PythonBasedBackend(const Model& model) {
  NESO_ASSIGN_OR_RETURN(const std::string name, model.backend().Name());
  NESO_ASSIGN_OR_RETURN(const std::string folder, model.backend().Directory());
  return name != "python" && IsFile(folder + "/model.py") ? folder : std::string();
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// A stub that was built for another Python names the library that it needs.
Result<std::string> PythonOfStub(const std::string& stub) {
  const std::string bytes = ReadFile(stub);
  constexpr std::string_view kLibrary = "libpython3.";
  const size_t found = bytes.find(kLibrary);
  const size_t digits = found == std::string::npos ? found : found + kLibrary.size();
  const size_t end = bytes.find_first_not_of("0123456789", digits);
  if (found == std::string::npos || end == digits) {
    return Status::InvalidArg("expected a stub that names its libpython3.x at '", stub,
                              "'; stubs are not needed: remove it");
  }
  return "python3." + bytes.substr(digits, end - digits);
}

Result<Interpreter> WithRequirementsOf(const Model& model, const ModelFiles& files, const Settings& settings,
                                       Interpreter interpreter) {
  for (const std::string& folder : {files.version_folder, files.model_folder}) {
    const std::string requirements = folder + "/requirements.txt";
    if (!IsFile(requirements)) continue;
    if (settings.install_requirements) return WithRequirements(interpreter, requirements, model);
    NESO_LOG_INFO("model '", model.name(), "' has a requirements.txt, which is not installed; ",
                  "--backend-config=python,install-requirements=true allows it");
    break;
  }
  return interpreter;
}

}  // namespace

Result<ModelFiles> FindModelFiles(const Model& model) {
  NESO_ASSIGN_OR_RETURN(const std::string based_on, PythonBasedBackend(model));
  const std::string file =
      model.config().default_model_filename.empty() ? "model.py" : model.config().default_model_filename;
  ModelFiles files{.model_file = model.version_path() + "/" + file,
                   .module = {},
                   .import_root = model.repository_path(),
                   .version_folder = model.version_path(),
                   .model_folder = model.repository_path(),
                   .is_lone = IsLone(model)};
  if (!based_on.empty()) {
    files.model_file = based_on + "/model.py";
    files.import_root = fs::path(based_on).parent_path();
  }
  const fs::path path(files.model_file);
  files.module = backend::Concat(path.parent_path().filename().string(), ".", path.stem().string());
  return files;
}

bool MayCompleteConfig(const Model& model, const ModelFiles& files) {
  if (model.config().inputs.empty() && model.config().outputs.empty()) return true;
  const std::string text = ReadFile(files.model_file);
  if (text.find("auto_complete_config") != std::string::npos) return true;
  // A class without bases and decorators has what its own text gives it, if that text is where the class comes from.
  constexpr std::string_view kClass = "class TritonPythonModel";
  bool is_plain = false;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('@')) return true;
    const bool imports = line.find("import") != std::string::npos;
    if (imports && (line.find("TritonPythonModel") != std::string::npos || line.find('*') != std::string::npos))
      return true;
    if (!line.starts_with(kClass)) continue;
    std::erase_if(line, [](char c) { return c == ' ' || c == '\r'; });
    const std::string_view bases = std::string_view(line).substr(kClass.size() - 1);
    is_plain = bases.starts_with(":") || bases.starts_with("():") || bases.starts_with("(object):");
  }
  return !is_plain;
}

Result<Interpreter> FindInterpreterOf(const Model& model, const ModelFiles& files, const Settings& settings) {
  if (std::string path = model.config().parameters.Or("EXECUTION_ENV_PATH", ""); !path.empty()) {
    if (path.starts_with(kModelDirectory)) path.replace(0, kModelDirectory.size(), files.model_folder);
    return InterpreterOf(path);
  }
  NESO_ASSIGN_OR_RETURN(const std::string based_on, PythonBasedBackend(model));
  if (!based_on.empty()) {
    NESO_ASSIGN_OR_RETURN(const std::string backend, model.backend().Name());
    const std::string archive = based_on + "/pb_exec_env_" + backend + ".tar.gz";
    if (IsFile(archive)) return InterpreterOf(archive);
  }
  std::string wanted = settings.interpreter;
  if (const std::string stub = files.model_folder + "/triton_python_backend_stub"; IsFile(stub)) {
    NESO_ASSIGN_OR_RETURN(wanted, PythonOfStub(stub));
    NESO_LOG_WARNING("model '", model.name(), "' brings a stub of its own, which is not run: ", wanted,
                     ", for which it was built, runs the model");
  }
  NESO_ASSIGN_OR_RETURN(Interpreter interpreter, FindInterpreter(wanted));
  return WithRequirementsOf(model, files, settings, std::move(interpreter));
}

}  // namespace neso::python
