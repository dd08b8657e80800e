#include "serve/model_source.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <system_error>
#include <vector>

#include "base/text.h"
#include "serve/python_package.h"

namespace neso {
namespace {

namespace fs = std::filesystem;

// Names that files of models have, so that not all that lies in a folder is read.
constexpr std::array<std::string_view, 9> kEndings = {".onnx", ".pt",     ".pt2",  ".xml", ".graphdef",
                                                      ".plan", ".tflite", ".dali", ".ubj"};
constexpr std::array<std::string_view, 4> kNames = {"model.py", "xgboost.json", "model.txt", "checkpoint.tl"};
constexpr int kDeepestInPackage = 3;
constexpr size_t kMostEntries = 10'000;  // that are looked at in one folder
constexpr size_t kMostNamed = 8;

std::vector<fs::path> EntriesOf(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end && entries.size() < kMostEntries;
       it.increment(error)) {
    if (!it->path().filename().string().starts_with('.')) entries.push_back(it->path());
  }
  std::sort(entries.begin(), entries.end());
  return entries;
}

bool IsFolder(const fs::path& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

bool IsThere(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

bool IsVersion(const fs::path& path) {
  const std::string name = path.filename().string();
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; }) &&
         IsFolder(path);
}

bool IsModelFolder(const fs::path& folder) {
  if (IsThere(folder / "config.pbtxt")) return true;
  const std::vector<fs::path> entries = EntriesOf(folder);
  return std::any_of(entries.begin(), entries.end(), IsVersion);
}

bool IsSavedModel(const fs::path& folder) {
  return IsThere(folder / "saved_model.pb") || IsThere(folder / "saved_model.pbtxt");
}

bool LooksLikeModel(const fs::path& path) {
  if (IsFolder(path)) return IsSavedModel(path);
  const std::string name = path.filename().string();
  return std::ranges::find(kNames, name) != kNames.end() ||
         std::ranges::any_of(kEndings, [&](std::string_view ending) { return name.ends_with(ending); });
}

// Of the uppermost level that has any.
std::vector<fs::path> ModelsIn(const fs::path& folder, int levels) {
  std::vector<fs::path> models;
  const std::vector<fs::path> entries = EntriesOf(folder);
  std::ranges::copy_if(entries, std::back_inserter(models), LooksLikeModel);
  if (!models.empty() || levels <= 1) return models;
  for (const fs::path& entry : entries) {
    if (!IsFolder(entry)) continue;
    std::ranges::move(ModelsIn(entry, levels - 1), std::back_inserter(models));
  }
  return models;
}

// A folder within is called after what it is for: versions are numbers.
std::string NameOfFolder(const fs::path& folder) {
  return ModelNameFrom((IsVersion(folder) ? folder.parent_path() : folder).filename().string());
}

Expected<ModelSource> FindInFile(const fs::path& path) {
  const auto failed = [&path](const Status& why) { return Unavailable("'{}' {}", path.string(), why.message()); };
  const Expected<FileEnds> ends = ReadEnds(path);
  if (!ends) return failed(ends.error());
  const Expected<ModelFormat> format = RecognizeContent(path.filename().string(), *ends);
  if (!format) return failed(format.error());
  return ModelSource{.path = path, .name = ModelNameFrom(path.stem().string()), .format = *format};
}

Expected<ModelSource> FindOneIn(const fs::path& folder, int levels) {
  std::vector<fs::path> models = ModelsIn(folder, levels);
  if (models.empty()) {
    return NotFound(
        "'{}' holds no model: expected a file of a model, a SavedModel, config.pbtxt, a folder named 1, or folders of models",
        folder.string());
  }
  if (models.size() > 1) {
    models.resize(std::min(models.size(), kMostNamed));
    std::vector<std::string> names;
    for (const fs::path& model : models) names.push_back("'" + model.string() + "'");
    return InvalidArg("'{}' holds more than one model: name one of them, {}", folder.string(), Join(names, ", "));
  }
  if (IsFolder(models[0])) {
    return ModelSource{.path = models[0], .name = NameOfFolder(folder), .format = ModelFormat::kSavedModel};
  }
  ASSIGN_OR_RETURN(ModelSource source, FindInFile(models[0]));
  source.name = NameOfFolder(folder);
  return source;
}

Expected<ModelSource> FindInFolder(const fs::path& folder) {
  const std::string name = NameOfFolder(folder);
  if (IsSavedModel(folder)) return ModelSource{.path = folder, .name = name, .format = ModelFormat::kSavedModel};
  if (IsModelFolder(folder)) return ModelSource{.path = folder, .name = name, .format = {}};
  const std::vector<fs::path> entries = EntriesOf(folder);
  const bool is_repository =
      std::ranges::any_of(entries, [](const fs::path& entry) { return IsFolder(entry) && IsModelFolder(entry); });
  if (is_repository) return ModelSource{.path = folder, .name = name, .format = {}, .is_repository = true};
  return FindOneIn(folder, 1);
}

bool MayBePackage(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
  });
}

}  // namespace

std::string ModelNameFrom(std::string_view text) {
  std::string name(text);
  for (char& c : name) {
    if (!MayBePackage(std::string_view(&c, 1))) c = '_';
  }
  if (name.starts_with('.') || name.starts_with('-')) name[0] = '_';
  return name.empty() ? "model" : name;
}

Expected<ModelSource> FindModel(const std::string& what) {
  std::error_code error;
  fs::path path = fs::absolute(what, error).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  if (IsFolder(path)) return FindInFolder(path);
  if (IsThere(path)) return FindInFile(path);
  if (!MayBePackage(what)) return NotFound("there is no '{}'", what);
  const Expected<std::string> folder = FolderOfPackage(what);
  if (!folder)
    return NotFound("there is no file, no folder and no Python package '{}'{}", what, folder.error().message());
  ASSIGN_OR_RETURN(ModelSource source, FindOneIn(*folder, kDeepestInPackage));
  source.name = ModelNameFrom(what);
  return source;
}

}  // namespace neso
