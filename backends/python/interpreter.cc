#include "interpreter.h"

#include <dlfcn.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string_view>

#include "environment_archive.h"

extern char** environ;

namespace neso::python {
namespace {

using backend::Status;

// Not with -m or a file: those would put a folder on the path that the model does not know of.
constexpr const char* kBoot = "import sys; sys.path[0] = sys.argv[1]; from neso_python_worker.main import main; main()";

std::vector<std::string> Inherited(std::initializer_list<std::string_view> without) {
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::string_view name = text.substr(0, text.find('='));
    bool dropped = false;
    for (const std::string_view other : without) dropped = dropped || name == other;
    if (!dropped) environment.emplace_back(text);
  }
  return environment;
}

std::string Variable(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr ? value : "";
}

bool IsProgram(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && access(path.c_str(), X_OK) == 0;
}

}  // namespace

std::string LibraryFolder() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<const void*>(&LibraryFolder), &info) == 0) return ".";
  return std::filesystem::absolute(info.dli_fname).parent_path().string();
}

Watcher::Program Interpreter::Command(const std::string& name, uint64_t region_size, std::vector<int> inherited) const {
  return {.arguments = {executable, "-c", kBoot, LibraryFolder(), std::to_string(getpid()), std::to_string(region_size),
                        name},
          .environment = environment,
          .inherited = std::move(inherited)};
}

backend::Result<Interpreter> FindInterpreter(const std::string& wanted) {
  Interpreter interpreter{.executable = wanted, .environment = Inherited({})};
  if (wanted.find('/') != std::string::npos) {
    if (IsProgram(wanted)) return interpreter;
    return Status::NotFound("expected a Python interpreter at '", wanted, "', found no program there");
  }
  std::istringstream folders(Variable("PATH"));
  for (std::string folder; std::getline(folders, folder, ':');) {
    interpreter.executable = std::filesystem::path(folder) / wanted;
    if (IsProgram(interpreter.executable)) return interpreter;
  }
  return Status::NotFound("expected a Python interpreter named '", wanted, "' in PATH, found none in '",
                          Variable("PATH"), "'; --backend-config=python,python-interpreter=<path> names another");
}

backend::Result<Interpreter> InterpreterOf(const std::string& path) {
  std::string folder = path;
  if (IsArchive(path)) {
    NESO_ASSIGN_OR_RETURN(folder, UnpackedEnvironment(path));
  }
  if (access((folder + "/bin/activate").c_str(), F_OK) != 0) {
    return Status::Internal(
        "Path ", folder, "/bin/activate does not exist. The Python environment should contain an 'activate' script.");
  }
  Interpreter interpreter;
  for (const char* name : {"/bin/python3", "/bin/python"}) {
    if (interpreter.executable.empty() && IsProgram(folder + name)) interpreter.executable = folder + name;
  }
  if (interpreter.executable.empty()) {
    return Status::Internal("expected a program ", folder, "/bin/python3 or ", folder, "/bin/python, found neither");
  }
  interpreter.environment = Inherited({"VIRTUAL_ENV", "VIRTUAL_ENV_PROMPT", "PATH", "LD_LIBRARY_PATH", "PYTHONHOME"});
  interpreter.environment.push_back("VIRTUAL_ENV=" + folder);
  interpreter.environment.push_back("VIRTUAL_ENV_PROMPT=(" + folder + ")");
  interpreter.environment.push_back("PATH=" + folder + "/bin:" + Variable("PATH"));
  interpreter.environment.push_back("LD_LIBRARY_PATH=" + folder + "/lib:" + Variable("LD_LIBRARY_PATH"));
  return interpreter;
}

}  // namespace neso::python
