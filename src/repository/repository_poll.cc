// The part of ModelRepository that reads folders.
#include <algorithm>
#include <atomic>
#include <utility>

#include "base/catch_exceptions.h"
#include "base/log.h"
#include "base/log_scope.h"
#include "base/log_throttle.h"
#include "base/text.h"
#include "base/utf8.h"
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
      AddLocation({storage, NamespaceOf(path), name, path + "/" + folder, mapped != mapping.end()}, locations);
    }
  }
  return locations;
}

// What is no UTF-8 can stand neither in JSON nor in a message of gRPC: one such name would break the list of all models.
void ModelRepository::AddLocation(Location location, Locations& locations) {
  if (!IsUtf8(location.name)) {
    static LogThrottle throttle(std::chrono::minutes(1));  // it is seen with every look
    if (throttle.Allow())
      LOG_WARNING("'{}' is left out: expected a folder whose name is UTF-8; rename it", OnlyUtf8(location.path));
    return;
  }
  const std::string id = ModelId(location.name_space, location.name);
  const auto [known, is_new] = locations.try_emplace(id, std::move(location));
  if (!is_new) known->second.is_duplicate = true;
}

ModelRepository::Locations ModelRepository::Locate(const std::string& wanted) const {
  const auto [wanted_space, name] = PartsOf(wanted);
  std::vector<Location> candidates;
  {
    MutexLock lock(mutex_);
    for (const std::string& path : paths_) {
      const Expected<const Storage*> storage = storages_.Of(path);
      if (!storage) continue;
      const std::string name_space = NamespaceOf(path);
      if (!wanted_space.empty() && wanted_space != path) continue;
      const auto mapping = mappings_.find(path);
      const bool renamed = mapping != mappings_.end() && mapping->second.contains(name);
      if (!renamed) candidates.push_back({*storage, name_space, name, path + "/" + name});
      if (mapping == mappings_.end()) continue;
      for (const auto& [folder, served_as] : mapping->second) {
        if (served_as == name) candidates.push_back({*storage, name_space, name, path + "/" + folder, true});
      }
    }
  }
  Locations found;
  for (Location& candidate : candidates) {
    if (candidate.storage->IsFolder(candidate.path)) AddLocation(std::move(candidate), found);
  }
  return found;
}

bool ModelRepository::IsRepository(const std::string& path) const {
  MutexLock lock(mutex_);
  return paths_.contains(path);
}

Expected<ModelRepository::Override> ModelRepository::ParseOverride(const std::vector<LoadParameter>& parameters) const {
  Override changes;
  if (!parameters.empty() && !options_.agents.required.empty()) {
    return InvalidArg(
        "load parameter '{}' is refused: with --repoagent-config every model is loaded as it lies in its repository",
        parameters.front().name);
  }
  for (const LoadParameter& parameter : parameters) {
    if (parameter.name == "config" && !parameter.is_bytes) {
      ASSIGN_OR_RETURN(changes.config, ParseConfigOverride(parameter.value));
    } else if (parameter.name.starts_with(kFileParameter) && parameter.is_bytes) {
      changes.files.push_back(&parameter);
    } else {
      return InvalidArg("Unrecognized load parameter '{}' with type '{}'", parameter.name,
                        parameter.is_bytes ? "BYTES" : "STRING");
    }
  }
  return changes;
}

std::optional<inference::ModelConfig> ModelRepository::KeptOverrideFor(const std::string& id,
                                                                       const FolderSnapshot& folder) const {
  MutexLock lock(mutex_);
  const auto kept = kept_overrides_.find(id);
  const bool stands_still = kept != kept_overrides_.end() && kept->second.location == folder.path &&
                            kept->second.fingerprint == folder.Fingerprint();
  return stands_still ? std::optional(kept->second.config) : std::nullopt;
}

Expected<PolledModel> ModelRepository::PollFolder(const Location& location,
                                                  const std::optional<inference::ModelConfig>& config_override,
                                                  bool is_retry) const {
  const std::string id = ModelId(location.name_space, location.name);
  const LogScope scope({.model = id});
  if (location.is_duplicate) {
    LOG_ERROR("failed to poll model '{}': not unique across all model repositories", id);
    return InvalidArg("model '{}' is not unique across all model repositories", id);
  }
  Expected<PolledModel> model = CatchExceptions([&]() -> Expected<PolledModel> {
    ASSIGN_OR_RETURN(const FolderSnapshot folder,
                     location.storage->ReadModelFolder(location.path, options_.model_config_name));
    Expected<PolledModel> polled =
        PollSnapshot(location, folder, config_override ? config_override : KeptOverrideFor(id, folder));
    // Without a configuration the layout is all there is to go by.
    const std::string hint = polled || folder.config_text || config_override ? "" : ModelFolderHint(folder);
    if (polled || hint.empty()) return polled;
    return Status(polled.error().code(), polled.error().message() + " " + hint);
  });
  NotePoll(id, model ? Status() : model.error());
  if (model) {
    model->is_retry = is_retry;
  } else {
    NESO_LOG_AT(is_retry ? LogLevel::kVerbose : LogLevel::kError, "Poll failed for model directory '{}': {}",
                BaseName(location.path), model.error().message());
  }
  return model;
}

void ModelRepository::NotePoll(const std::string& id, const Status& polled) const {
  MutexLock lock(mutex_);
  if (polled.ok()) {
    poll_failures_.erase(id);
  } else {
    poll_failures_[id] = polled.ToString();
  }
}

Expected<PolledModel> ModelRepository::PollSnapshot(const Location& location, const FolderSnapshot& folder,
                                                    const std::optional<inference::ModelConfig>& config_override,
                                                    std::shared_ptr<const void> keeper) const {
  ASSIGN_OR_RETURN(AgentRun run, RunAgents(location, folder, config_override, std::move(keeper)));
  ASSIGN_OR_RETURN(PolledModel model, PollModel(run.outcome.moved ? *run.outcome.moved : folder, location.name,
                                                location.is_mapped, options_.poll, config_override));
  model.storage = location.storage;
  model.name_space = location.name_space;
  // The model is known by its folder in the repository, wherever agents have put it.
  model.location = folder.path;
  model.folder_fingerprint = folder.Fingerprint();
  model.look = LookOf(folder);
  model.local = std::move(run.local);
  model.agents = std::move(run.outcome.chain);
  ResolveSteps(model);
  return model;
}

Expected<PolledModel> ModelRepository::PollFiles(const std::string& wanted, const Override& changes) const {
  const auto [name_space, name] = PartsOf(wanted);
  if (!name_space.empty() && !IsRepository(name_space)) {
    return NotFound("'{}' is none of the model repositories", name_space);
  }
  if (!changes.config) return InvalidArg("Load parameter 'config' must be specified for model file override");
  std::vector<OverrideFile> files;
  for (const LoadParameter* file : changes.files) {
    files.push_back({std::string_view(file->name).substr(kFileParameter.size()), file->value});
  }
  ASSIGN_OR_RETURN(std::shared_ptr<const TemporaryFolder> temporary, TemporaryFolder::Create(files));
  ASSIGN_OR_RETURN(const FolderSnapshot folder, storages_.local_disk().ReadModelFolder(temporary->path(), ""));
  const Location location{
      .storage = &storages_.local_disk(), .name_space = name_space, .name = name, .path = temporary->path()};
  ASSIGN_OR_RETURN(PolledModel model, PollSnapshot(location, folder, changes.config, temporary));
  if (model.agents == nullptr) model.local = {temporary->path(), temporary};
  model.is_temporary = true;
  return model;
}

Expected<std::map<std::string, PolledModel>> ModelRepository::Poll(const std::string& name,
                                                                   const Override& changes) const {
  const LogScope scope({.model = name});
  std::map<std::string, PolledModel> polled;
  if (!changes.files.empty()) {
    Expected<PolledModel> model = CatchExceptions([&] { return PollFiles(name, changes); });
    if (!model) {
      LOG_ERROR("Poll failed for model directory '{}': {}", name, model.error().message());
      return std::move(model).error();
    }
    const std::string id = model->id();
    polled.emplace(id, *std::move(model));
    return polled;
  }
  const Locations locations = Locate(name);
  if (locations.empty()) {
    LOG_ERROR("failed to poll model '{}': model not found in any model repository.", name);
    return NotFound("model '{}' not found in any model repository", name);
  }
  for (const auto& [id, location] : locations) {
    ASSIGN_OR_RETURN(PolledModel model, PollFolder(location, changes.config));
    polled.emplace(id, std::move(model));
  }
  return polled;
}

std::map<std::string, Status> ModelRepository::PollMany(const std::set<std::string>& ids,
                                                        const std::set<std::string>& retries,
                                                        const Locations& locations,
                                                        std::map<std::string, PolledModel>& polled) const {
  struct Candidate {
    const std::string* id;
    const Location* location;
    std::optional<Expected<PolledModel>> model;
  };
  std::map<std::string, Status> failures;
  std::vector<Candidate> candidates;
  for (const std::string& id : ids) {
    const auto it = locations.find(id);
    if (it == locations.end()) {
      const LogScope scope({.model = id});
      LOG_ERROR("failed to poll model '{}': model not found in any model repository.", id);
      failures[id] = NotFound("model '{}' not found in any model repository", id);
    } else {
      candidates.push_back({&id, &it->second, std::nullopt});
    }
  }

  SideBySide(candidates.size(), [&](size_t i) {
    candidates[i].model = PollFolder(*candidates[i].location, std::nullopt, retries.contains(*candidates[i].id));
  });
  for (Candidate& candidate : candidates) {
    Expected<PolledModel>& model = *candidate.model;
    if (model) {
      polled.emplace(*candidate.id, *std::move(model));
    } else {
      failures[*candidate.id] = std::move(model).error();
    }
  }
  return failures;
}

void ModelRepository::SideBySide(size_t count, const std::function<void(size_t)>& work) const {
  std::atomic<size_t> next{0};
  const auto work_on = [&] {
    for (size_t i = next++; i < count; i = next++) work(i);
  };
  // A folder takes tens of microseconds, so a handful is not worth a thread.
  constexpr size_t kFoldersPerThread = 32;
  // An agent that sees all models may take minutes for each.
  const size_t threads = options_.agents.required.empty() ? count / kFoldersPerThread : count;
  const size_t helpers = std::min<size_t>(options_.lifecycle.load_threads, threads);
  Latch ended(helpers);
  for (size_t i = 0; i < helpers; ++i) {
    const bool posted = lifecycle_.load_executor().Post([&] {
      work_on();
      ended.CountDown();
    });
    if (!posted) ended.CountDown();
  }
  work_on();
  ended.Wait();
}

void ModelRepository::ResolveSteps(PolledModel& model) const {
  if (!model.config.has_ensemble_scheduling()) return;
  for (auto& step : *model.config.mutable_ensemble_scheduling()->mutable_step()) {
    if (!options_.lifecycle.namespacing) {
      step.clear_model_namespace();
      continue;
    }
    if (!step.model_namespace().empty()) continue;
    const Locations candidates = Locate(step.model_name());
    const auto own = candidates.find(ModelId(model.name_space, step.model_name()));
    if (own != candidates.end() || candidates.size() == 1) {
      const Location& location = own != candidates.end() ? own->second : candidates.begin()->second;
      step.set_model_namespace(location.name_space);
    }
  }
}

void ModelRepository::PollComposing(std::map<std::string, PolledModel>& polled) const {
  std::set<std::string> open;
  const auto add = [&open](const PolledModel& model) {
    const auto composing = ComposingModels(model.config);
    open.insert(composing.begin(), composing.end());
  };
  for (const auto& [id, model] : polled) add(model);
  while (!open.empty()) {
    const std::string id = *open.begin();
    open.erase(open.begin());
    if (polled.contains(id)) continue;
    // What cannot be read, or is not the only one of its name, is missed by the ensemble's own check.
    const Locations locations = Locate(id);
    if (!locations.contains(id)) {
      const LogScope scope({.model = id});
      LOG_ERROR("failed to poll model '{}': model not found in any model repository.", id);
      continue;
    }
    Expected<PolledModel> model = PollFolder(locations.at(id), std::nullopt);
    if (!model) continue;
    add(*model);
    polled.emplace(id, *std::move(model));
  }
}

}  // namespace neso
