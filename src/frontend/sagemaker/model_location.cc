#include "frontend/sagemaker/model_location.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <vector>

#include "base/log.h"
#include "base/read_file.h"
#include "base/text.h"
#include "config/parse.h"

namespace neso {
namespace {

namespace fs = std::filesystem;
constexpr const char* kConfigFile = "config.pbtxt";

bool LeadsIntoSystem(std::string_view path) {
  for (std::string_view folder : {"/dev", "/proc", "/sys"}) {
    if (path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/')) return true;
  }
  return false;
}

// Nothing in it may lead out of the root.
bool IsPlainName(std::string_view name) { return !name.empty() && name != "." && name != ".."; }

bool HasExpectedForm(std::string_view url, std::string_view models_root) {
  if (!url.starts_with(models_root)) return false;
  url.remove_prefix(models_root.size());
  if (!url.starts_with('/')) return false;
  const std::vector<std::string_view> names = Split(url.substr(1), '/');
  if (names.size() < 2 || names.size() > 3 || !IsPlainName(names[0]) || names[1] != "model") return false;
  return names.size() == 2 || IsPlainName(names[2]);
}

bool IsEnsembleFolder(const fs::path& folder) {
  const std::string path = (folder / kConfigFile).string();
  // A configuration that cannot be read is reported when the model is loaded.
  const Expected<std::string> text = ReadFile(path, kMaxModelConfigBytes);
  if (!text) return false;
  const auto config = ParseModelConfigText(*text, path);
  return config.ok() && config->platform() == "ensemble";
}

// Names of the folders in `path`, sorted; hidden ones are nobody's model.
std::vector<std::string> FoldersIn(const fs::path& path) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
    std::error_code unreadable;
    std::string name = it->path().filename().string();
    if (!name.starts_with('.') && it->is_directory(unreadable)) names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

Expected<ModelLocation> LocateModel(const std::string& url, const std::string& models_root) {
  std::string_view trimmed = url;
  if (trimmed.ends_with('/')) trimmed.remove_suffix(1);
  const fs::path path(trimmed);
  std::error_code error;
  // Also where a link leads.
  if (LeadsIntoSystem(trimmed) || LeadsIntoSystem(fs::weakly_canonical(path, error).string())) {
    return InvalidArg("url '{}' leads to a folder of the system", url);
  }
  if (!HasExpectedForm(trimmed, models_root)) {
    return InvalidArg("url '{}' is not of the form {}/<name>/model[/<folder>]", url, models_root);
  }
  if (!fs::is_directory(path, error)) return InvalidArg("failed to register '{}', repository not found", url);
  if (fs::exists(path / kConfigFile, error)) {
    return ModelLocation{.repository = path.parent_path().string(), .folder = path.filename().string()};
  }
  const std::vector<std::string> folders = FoldersIn(path);
  if (folders.empty()) return InvalidArg("there is no model in '{}': it has neither {} nor a folder", url, kConfigFile);
  auto chosen = std::find_if(folders.begin(), folders.end(),
                             [&](const std::string& name) { return IsEnsembleFolder(path / name); });
  if (chosen == folders.end()) {
    chosen = folders.begin();
    if (folders.size() > 1) {
      LOG_WARNING("'{}' has {} folders and none is an ensemble: '{}' is taken for the model", url, folders.size(),
                  *chosen);
    }
  }
  return ModelLocation{.repository = path.string(), .folder = *chosen};
}

}  // namespace neso
