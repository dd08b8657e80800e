// The part of ModelRepository that reads folders.
#include <algorithm>
#include <atomic>
#include <utility>

#include "base/catch_exceptions.h"
#include "base/log.h"
#include "base/text.h"
#include "config/ensemble.h"
#include "config/parse.h"
#include "repository/latch.h"
#include "repository/layout_hint.h"
#include "repository/repository.h"
#include "repository/temporary_folder.h"

namespace neso {

Expected<ModelRepository::Locations> ModelRepository::ListAll() const {
  std::set<std::string> paths;
  std::map<std::string, std::map<std::string, std::string>> mappings;
  {
    MutexLock lock(mutex_);
    paths = paths_;
    mappings = mappings_;
  }
  Locations locations;
  for (const std::string& path : paths) {
    ASSIGN_OR_RETURN(const Storage* const storage, storages_.Of(path));
    ASSIGN_OR_RETURN(const RepositoryListing listing, storage->ListRepository(path));
    const std::map<std::string, std::string>& mapping = mappings[path];
    for (const std::string& folder : listing.folders) {
      const auto mapped = mapping.find(folder);
      const std::string& name = mapped == mapping.end() ? folder : mapped->second;
      const auto [it, first] =
          locations.try_emplace(name, Location{storage, path + "/" + folder, mapped != mapping.end()});
      if (!first) it->second.is_duplicate = true;
    }
  }
  return locations;
}

std::optional<ModelRepository::Location> ModelRepository::Locate(const std::string& name) const {
  std::vector<Location> candidates;
  {
    MutexLock lock(mutex_);
    for (const std::string& path : paths_) {
      const Expected<const Storage*> storage = storages_.Of(path);
      if (!storage) continue;
      const auto mapping = mappings_.find(path);
      const bool renamed = mapping != mappings_.end() && mapping->second.contains(name);
      if (!renamed) candidates.push_back({*storage, path + "/" + name, false});
      if (mapping == mappings_.end()) continue;
      for (const auto& [folder, served_as] : mapping->second) {
        if (served_as == name) candidates.push_back({*storage, path + "/" + folder, true});
      }
    }
  }
  std::optional<Location> found;
  for (Location& candidate : candidates) {
    if (!candidate.storage->IsFolder(candidate.path)) continue;
    const bool duplicate = found.has_value();
    if (!duplicate) found = std::move(candidate);
    found->is_duplicate = duplicate;
  }
  return found;
}

Expected<ModelRepository::Override> ModelRepository::ParseOverride(const std::vector<LoadParameter>& parameters) const {
  constexpr std::string_view kFile = "file:";
  Override changes;
  for (const LoadParameter& parameter : parameters) {
    if (parameter.name == "config" && !parameter.is_bytes) {
      ASSIGN_OR_RETURN(changes.config, ParseConfigOverride(parameter.value));
    } else if (parameter.name.starts_with(kFile) && parameter.is_bytes) {
      changes.files.push_back(&parameter);
    } else {
      return InvalidArg("Unrecognized load parameter '{}' with type '{}'", parameter.name,
                        parameter.is_bytes ? "BYTES" : "STRING");
    }
  }
  return changes;
}

std::optional<inference::ModelConfig> ModelRepository::KeptOverrideFor(const std::string& name,
                                                                       const FolderSnapshot& folder) const {
  MutexLock lock(mutex_);
  const auto kept = kept_overrides_.find(name);
  const bool stands_still = kept != kept_overrides_.end() && kept->second.location == folder.path &&
                            kept->second.fingerprint == folder.Fingerprint();
  return stands_still ? std::optional(kept->second.config) : std::nullopt;
}

Expected<PolledModel> ModelRepository::PollFolder(const std::string& name, const Location& location,
                                                  const std::optional<inference::ModelConfig>& config_override) const {
  if (location.is_duplicate) {
    LOG_ERROR("failed to poll model '{}': not unique across all model repositories", name);
    return InvalidArg("model '{}' is not unique across all model repositories", name);
  }
  Expected<PolledModel> model = CatchExceptions([&]() -> Expected<PolledModel> {
    ASSIGN_OR_RETURN(const FolderSnapshot folder,
                     location.storage->ReadModelFolder(location.path, options_.model_config_name));
    Expected<PolledModel> polled = PollModel(folder, name, location.is_mapped, options_.poll,
                                             config_override ? config_override : KeptOverrideFor(name, folder));
    if (polled) polled->storage = location.storage;
    // Without a configuration the layout is all there is to go by.
    const std::string hint = polled || folder.config_text || config_override ? "" : ModelFolderHint(folder);
    if (polled || hint.empty()) return polled;
    return Status(polled.error().code(), polled.error().message() + " " + hint);
  });
  if (!model) LOG_ERROR("Poll failed for model directory '{}': {}", BaseName(location.path), model.error().message());
  return model;
}

Expected<PolledModel> ModelRepository::PollFiles(const std::string& name, const Override& changes) const {
  if (!changes.config) return InvalidArg("Load parameter 'config' must be specified for model file override");
  std::vector<OverrideFile> files;
  for (const LoadParameter* file : changes.files) {
    files.push_back({std::string_view(file->name).substr(sizeof("file:") - 1), file->value});
  }
  ASSIGN_OR_RETURN(std::shared_ptr<const TemporaryFolder> temporary, TemporaryFolder::Create(files));
  ASSIGN_OR_RETURN(const FolderSnapshot folder, storages_.local_disk().ReadModelFolder(temporary->path(), ""));
  ASSIGN_OR_RETURN(PolledModel model, PollModel(folder, name, false, options_.poll, changes.config));
  model.local = {temporary->path(), temporary};
  model.is_temporary = true;
  return model;
}

Expected<PolledModel> ModelRepository::Poll(const std::string& name, const Override& changes) const {
  if (!changes.files.empty()) {
    Expected<PolledModel> model = CatchExceptions([&] { return PollFiles(name, changes); });
    if (!model) LOG_ERROR("Poll failed for model directory '{}': {}", name, model.error().message());
    return model;
  }
  const std::optional<Location> location = Locate(name);
  if (!location) {
    LOG_ERROR("failed to poll model '{}': model not found in any model repository.", name);
    return NotFound("model '{}' not found in any model repository", name);
  }
  return PollFolder(name, *location, changes.config);
}

std::map<std::string, Status> ModelRepository::PollMany(const std::set<std::string>& names, const Locations& locations,
                                                        std::map<std::string, PolledModel>& polled) const {
  struct Candidate {
    const std::string* name;
    const Location* location;
    std::optional<Expected<PolledModel>> model;
  };
  std::map<std::string, Status> failures;
  std::vector<Candidate> candidates;
  for (const std::string& name : names) {
    const auto it = locations.find(name);
    if (it == locations.end()) {
      LOG_ERROR("failed to poll model '{}': model not found in any model repository.", name);
      failures[name] = NotFound("model '{}' not found in any model repository", name);
    } else {
      candidates.push_back({&name, &it->second, std::nullopt});
    }
  }

  std::atomic<size_t> next{0};
  const auto work = [&] {
    for (size_t i = next++; i < candidates.size(); i = next++) {
      candidates[i].model = PollFolder(*candidates[i].name, *candidates[i].location, std::nullopt);
    }
  };
  // A folder takes tens of microseconds, so a handful is not worth a thread.
  constexpr size_t kFoldersPerThread = 32;
  const size_t helpers = std::min<size_t>(options_.lifecycle.load_threads, candidates.size() / kFoldersPerThread);
  Latch ended(helpers);
  for (size_t i = 0; i < helpers; ++i) {
    const bool posted = lifecycle_.load_executor().Post([&] {
      work();
      ended.CountDown();
    });
    if (!posted) ended.CountDown();
  }
  work();
  ended.Wait();

  for (Candidate& candidate : candidates) {
    Expected<PolledModel>& model = *candidate.model;
    if (model) {
      polled.emplace(*candidate.name, *std::move(model));
    } else {
      failures[*candidate.name] = std::move(model).error();
    }
  }
  return failures;
}

void ModelRepository::PollComposing(std::map<std::string, PolledModel>& polled) const {
  std::set<std::string> open;
  const auto add = [&open](const PolledModel& model) {
    const auto composing = ComposingModels(model.config);
    open.insert(composing.begin(), composing.end());
  };
  for (const auto& [name, model] : polled) add(model);
  while (!open.empty()) {
    const std::string name = *open.begin();
    open.erase(open.begin());
    if (polled.contains(name)) continue;
    // What cannot be read is missed by the ensemble's own check.
    Expected<PolledModel> model = Poll(name, {});
    if (!model) continue;
    add(*model);
    polled.emplace(name, *std::move(model));
  }
}

}  // namespace neso
