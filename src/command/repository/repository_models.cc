#include "command/repository/repository_models.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <system_error>

#include "base/nearest.h"
#include "base/read_file.h"
#include "base/text.h"
#include "config/complete.h"
#include "config/parse.h"

namespace neso::command {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostEntries = 1'000'000;  // of all folders of a model together

std::vector<fs::directory_entry> EntriesOf(const fs::path& folder) {
  std::vector<fs::directory_entry> entries;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) entries.push_back(*it);
  std::ranges::sort(entries, {}, [](const fs::directory_entry& entry) { return entry.path(); });
  return entries;
}

// 0: the name of something else.
int64_t VersionOf(const fs::directory_entry& entry) {
  std::error_code error;
  const std::string name = entry.path().filename();
  int64_t version = 0;
  const auto read = std::from_chars(name.data(), name.data() + name.size(), version);
  const bool is_number = read.ec == std::errc() && read.ptr == name.data() + name.size() && version > 0;
  return is_number && entry.is_directory(error) ? version : 0;
}

uint64_t BytesIn(const fs::path& folder) {
  uint64_t bytes = 0;
  std::error_code error;
  size_t entries = 0;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end && entries++ < kMostEntries;
       it.increment(error)) {
    std::error_code none;
    if (it->is_regular_file(none)) bytes += it->file_size(none);
  }
  return bytes;
}

// As the server completes a configuration: from the file, the version's files, the name.
Expected<std::string> BackendOf(const FoundModel& model) {
  inference::ModelConfig config;
  const std::string path = model.folder + "/config.pbtxt";
  ASSIGN_OR_RETURN(const std::optional<std::string> text, ReadFileIfThere(path, kMaxModelConfigBytes));
  if (text) {
    std::string details;
    Expected<inference::ModelConfig> read = ParseModelConfigText(*text, path, &details);
    if (!read) return InvalidArg("{}: {}", read.error().message(), TrimBlanks(details));
    config = *std::move(read);
  }
  ModelFolder folder{.name = model.name, .first_version = {}};
  if (!model.versions.empty()) {
    std::error_code error;
    for (const fs::directory_entry& entry : EntriesOf(fs::path(model.folder) / std::to_string(model.versions.front())))
      folder.first_version.push_back({entry.path().filename(), entry.is_directory(error)});
  }
  RETURN_IF_ERROR(CompleteModelConfig(folder, config));
  return config.backend().empty() ? config.platform() : config.backend();
}

// None: a folder that is no model's.
std::optional<FoundModel> ModelAt(const fs::directory_entry& entry) {
  std::error_code error;
  FoundModel model{.name = entry.path().filename(), .folder = entry.path()};
  if (model.name.starts_with('.') || !entry.is_directory(error)) return std::nullopt;
  for (const fs::directory_entry& inner : EntriesOf(entry.path())) {
    if (const int64_t version = VersionOf(inner); version > 0) model.versions.push_back(version);
  }
  std::ranges::sort(model.versions);
  if (model.versions.empty() && !fs::exists(entry.path() / "config.pbtxt", error)) return std::nullopt;
  const Expected<std::string> backend = BackendOf(model);
  if (backend) {
    model.backend = *backend;
  } else {
    model.problem = backend.error().message();
  }
  model.bytes = BytesIn(entry.path());
  return model;
}

}  // namespace

Expected<std::vector<FoundModel>> ModelsIn(const std::string& repository) {
  std::error_code error;
  if (!fs::is_directory(repository, error))
    return InvalidArg("'{}' is no folder: --model-repository FOLDER names the repository", repository);
  std::vector<FoundModel> models;
  for (const fs::directory_entry& entry : EntriesOf(repository)) {
    if (std::optional<FoundModel> model = ModelAt(entry)) models.push_back(*std::move(model));
  }
  return models;
}

Expected<FoundModel> FindIn(const std::string& repository, const std::string& name) {
  ASSIGN_OR_RETURN(std::vector<FoundModel> models, ModelsIn(repository));
  std::vector<std::string> names;
  for (FoundModel& model : models) {
    if (model.name == name) return std::move(model);
    names.push_back(model.name);
  }
  const std::vector<std::string> meant = NearestNames(name, names);
  return NotFound("'{}' has no model '{}'{}; neso list shows them", repository, name,
                  meant.empty() ? "" : "; did you mean " + Join(meant, " or ") + "?");
}

std::string BytesText(uint64_t bytes) {
  constexpr std::array kUnits = {"B", "kB", "MB", "GB", "TB"};
  auto amount = static_cast<double>(bytes);
  size_t unit = 0;
  for (; amount >= 999.5 && unit + 1 < kUnits.size(); unit++) amount /= 1000;
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.3g} {}", amount, kUnits[unit]);
}

}  // namespace neso::command
