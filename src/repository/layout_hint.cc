#include "repository/layout_hint.h"

#include <algorithm>

#include "config/complete.h"
#include "config/versions.h"

namespace neso {
namespace {

// Folders may hold thousands of files; a few say what is meant.
constexpr size_t kMaxNamed = 5;

std::string NamesOf(const std::vector<std::string>& names) {
  if (names.empty()) return "nothing";
  std::string text;
  for (size_t i = 0; i < names.size() && i < kMaxNamed; ++i) text += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > kMaxNamed) text += fmt::format(" and {} more", names.size() - kMaxNamed);
  return text;
}

std::vector<std::string> NamesOf(const std::vector<FolderEntry>& entries) {
  std::vector<std::string> names;
  for (const FolderEntry& entry : entries) names.push_back(entry.is_folder ? entry.name + "/" : entry.name);
  std::sort(names.begin(), names.end());
  return names;
}

// The first file that looks like a model, with the name it is expected under.
struct ModelFile {
  std::string name;
  std::string usual_name;
};
ModelFile FindModelFile(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const std::string_view usual = UsualModelFileName(name);
    if (!usual.empty()) return {name, std::string(usual)};
  }
  return {};
}

std::string WithoutSuffix(const std::string& file) { return file.substr(0, file.rfind('.')); }

}  // namespace

std::string RepositoryHint(const RepositoryListing& listing, const std::string& path) {
  const bool has_versions = std::any_of(listing.folders.begin(), listing.folders.end(),
                                        [](const std::string& name) { return ParseVersionFolder(name).has_value(); });
  const bool has_config = std::find(listing.files.begin(), listing.files.end(), "config.pbtxt") != listing.files.end();
  if (has_config || has_versions) {
    return fmt::format("'{}' looks like the folder of one model (it holds {}); a repository is the folder above it",
                       path, has_config ? "config.pbtxt" : "folders that are named as versions");
  }
  const ModelFile file = FindModelFile(listing.files);
  if (!file.name.empty()) {
    return fmt::format("'{0}' lies straight in the repository '{1}', where it is not served; expected {1}/{2}/1/{3}",
                       file.name, path, WithoutSuffix(file.name), file.usual_name);
  }
  if (!listing.folders.empty()) return "";
  return fmt::format("repository '{}' has no models: found {}, expected folders as in {}/<model>/1/model.onnx", path,
                     NamesOf(listing.files), path);
}

std::string ModelFolderHint(const FolderSnapshot& folder) {
  const bool has_version = std::any_of(folder.subfolder_names.begin(), folder.subfolder_names.end(),
                                       [](const std::string& name) { return ParseVersionFolder(name).has_value(); });
  if (!has_version) {
    std::vector<std::string> names = folder.files;
    for (const std::string& name : folder.subfolder_names) names.push_back(name + "/");
    const ModelFile file = FindModelFile(folder.files);
    return fmt::format("found {} in '{}', expected a folder for each version, as in {}/1/{}", NamesOf(names),
                       folder.path, folder.path, file.name.empty() ? "model.onnx" : file.usual_name);
  }
  const std::vector<std::string> names = NamesOf(folder.first_version);
  const ModelFile file = FindModelFile(names);
  if (file.name == file.usual_name && !file.name.empty()) return "";
  const std::string version = FirstVersionFolder(folder.subfolder_names);
  if (file.name.empty()) {
    return fmt::format("found {} in '{}/{}', expected a model file, as in {}/{}/model.onnx", NamesOf(names),
                       folder.path, version, folder.path, version);
  }
  return fmt::format(
      "found {0}/{1} in '{2}', expected {0}/{3} (or backend and default_model_filename: '{1}' in {2}/config.pbtxt)",
      version, file.name, folder.path, file.usual_name);
}

std::string VersionFolderHint(const inference::ModelConfig& config, int64_t version,
                              const std::vector<FolderEntry>& entries) {
  const std::string& expected = config.default_model_filename();
  if (expected.empty() || expected.find('/') != std::string::npos) return "";
  if (std::any_of(entries.begin(), entries.end(), [&](const FolderEntry& entry) { return entry.name == expected; })) {
    return "";
  }
  const std::vector<std::string> names = NamesOf(entries);
  const ModelFile file = FindModelFile(names);
  const std::string other_way =
      file.name.empty() ? "" : fmt::format(" (or default_model_filename: '{}' in config.pbtxt)", file.name);
  return fmt::format("found {} in the folder of version {}, expected {}{}", NamesOf(names), version, expected,
                     other_way);
}

}  // namespace neso
