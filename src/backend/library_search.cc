#include "backend/library_search.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>
#include <string_view>
#include <vector>

#include "config/complete.h"

namespace neso {
namespace {

constexpr const char* kPythonModelFile = "model.py";
constexpr const char* kBatchLibraryFile = "batchstrategy.so";
// Backends that a build has when it was asked for them: their libraries are large.
constexpr std::array<std::string_view, 6> kOptionalBackends = {"dali",    "fil",        "openvino",
                                                               "pytorch", "tensorflow", "tensorrt"};

bool Exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

// Links followed; what is a FIFO or a device must not be opened.
bool IsRegularFile(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_regular_file(path, error);
}

// Without "." and "..", by the text alone.
std::string Normalized(const std::string& path) {
  // Nearly all paths are so already, and thousands of models ask about theirs.
  const bool is_normal =
      !path.starts_with('.') && path.find("//") == std::string::npos && path.find("/.") == std::string::npos;
  return is_normal ? path : std::filesystem::path(path).lexically_normal().string();
}

std::string Join(const std::string& folder, const std::string& name) { return folder + "/" + name; }

bool StaysIn(const std::string& folder, const std::string& path) {
  std::string prefix = Normalized(folder);
  if (prefix.empty() || prefix.back() != '/') prefix += '/';
  return Normalized(path).starts_with(prefix);
}

// A backend's name is one folder's name; anything else would leave the backend directory.
bool IsFolderName(const std::string& name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos;
}

std::vector<std::string> BackendFolders(const LibraryQuery& query) {
  std::vector<std::string> folders;
  if (!IsFolderName(query.backend)) return folders;
  folders.push_back(Join(query.backend_directory, query.backend));
  if (query.fallback_directory.empty() || query.fallback_directory == query.backend_directory) return folders;
  if (std::string folder = Join(query.fallback_directory, query.backend); Exists(folder))
    folders.push_back(std::move(folder));
  return folders;
}

Expected<BackendLibrary> PythonBackend(const LibraryQuery& query, const std::string& folder) {
  const LibraryQuery python{.model_name = query.model_name,
                            .model_folder = folder,
                            .version_folder = folder,
                            .backend = "python",
                            .runtime = {},
                            .backend_directory = query.backend_directory,
                            .fallback_directory = query.fallback_directory};
  ASSIGN_OR_RETURN(BackendLibrary library, FindBackendLibrary(python));
  return BackendLibrary{.path = std::move(library.path), .folder = folder, .runtime = kPythonModelFile};
}

// What the client may do about a backend that is missing.
std::string HowToInstall(const std::string& backend) {
  if (std::ranges::find(kOptionalBackends, backend) == kOptionalBackends.end()) return "";
  return fmt::format(
      " '{}' is an optional backend of this server, which is not installed: 'make build BACKENDS={}' in its sources makes "
      "out/backends/{}, which belongs into the backend directory.",
      backend, backend, backend);
}

// Where libraries that a model brings along, or shares with its backend, are looked for.
std::vector<std::string> SearchedFolders(const LibraryQuery& query, const std::vector<std::string>& backend_folders) {
  std::vector<std::string> folders = {query.version_folder, query.model_folder};
  folders.insert(folders.end(), backend_folders.begin(), backend_folders.end());
  return folders;
}

}  // namespace

Expected<BackendLibrary> FindBackendLibrary(const LibraryQuery& query) {
  const std::vector<std::string> backend_folders = BackendFolders(query);
  if (query.runtime != kPythonModelFile) {
    const bool named = !query.runtime.empty();
    const std::string file = named ? query.runtime : BackendLibraryName(query.backend);
    std::string searched;
    for (const std::string& folder : SearchedFolders(query, backend_folders)) {
      const std::string path = Join(folder, file);
      if (!named && !IsFolderName(query.backend)) break;
      if (IsRegularFile(path)) {
        if (!StaysIn(folder, path)) {
          return InvalidArg(
              "backend library name '{}' escapes backend directory '{}', for model '{}', "
              "check model config runtime field",
              file, folder, query.model_name);
        }
        return BackendLibrary{.path = Normalized(path), .folder = folder, .runtime = file};
      }
      searched += "'" + folder + "' ";
    }
    if (named) {
      return InvalidArg("unable to find backend library '{}' for model '{}', searched: {}", file, query.model_name,
                        searched);
    }
  }

  std::string searched;
  for (const std::string& folder : backend_folders) {
    if (IsRegularFile(Join(folder, kPythonModelFile))) return PythonBackend(query, folder);
    searched += (searched.empty() ? "'" : " '") + Join(folder, kPythonModelFile) + "'";
  }
  if (query.runtime == kPythonModelFile) {
    return InvalidArg("unable to find Python backend based backend library '{}' for model '{}', searched: {}",
                      query.runtime, query.model_name, searched);
  }
  return InvalidArg(
      "unable to find backend library for backend '{}', try specifying runtime on the model configuration.{}",
      query.backend, HowToInstall(query.backend));
}

Expected<std::string> FindBatchLibrary(const LibraryQuery& query, const std::string& named) {
  if (!named.empty()) {
    const std::string path = Normalized(std::filesystem::absolute(named).string());
    const std::string repository =
        std::filesystem::path(Normalized(std::filesystem::absolute(query.model_folder).string()))
            .parent_path()
            .string();
    if (!StaysIn(repository, path)) {
      return InvalidArg(
          "batching library '{}' lies outside of the model repository '{}', for model '{}', check the model config's "
          "parameter TRITON_BATCH_STRATEGY_PATH",
          named, repository, query.model_name);
    }
    if (!IsRegularFile(path)) return NotFound("Batching library path not found: {}", named);
    return path;
  }
  for (const std::string& folder : SearchedFolders(query, BackendFolders(query))) {
    const std::string path = Join(folder, kBatchLibraryFile);
    if (IsRegularFile(path)) return Normalized(path);
  }
  return std::string();
}

std::vector<std::string> InstalledBackends(const std::vector<std::string>& directories) {
  std::set<std::string> names;
  for (const std::string& directory : directories) {
    std::error_code error;
    for (auto it = std::filesystem::directory_iterator(directory, error); !error && it != end(it);
         it.increment(error)) {
      const std::string name = it->path().filename().string();
      const std::string folder = Join(directory, name);
      if (IsRegularFile(Join(folder, BackendLibraryName(name))) || IsRegularFile(Join(folder, kPythonModelFile))) {
        names.insert(name);
      }
    }
  }
  return {names.begin(), names.end()};
}

}  // namespace neso
