#include "repository/repository.h"

#include <mutex>
#include <utility>

#include "base/exception_status.h"
#include "base/log.h"
#include "config/ensemble.h"
#include "config/parse.h"
#include "config/validate.h"
#include "repository/latch.h"
#include "repository/layout_hint.h"
#include "repository/model_name.h"
#include "repository/operation.h"
#include "repository/temporary_folder.h"

namespace neso {

namespace {

// What the loads of one group come to. Shared with them: they may end when nobody waits for them any more.
struct GroupResults {
  explicit GroupResults(const std::vector<std::string>& group) : reported(group.size()) {
    for (const std::string& name : group) statuses.emplace(name, Internal("the load ended early; the log says why"));
  }
  Latch reported;
  std::map<std::string, Status> statuses;  // each is its report's until that has been given
};

// Given when the last part of a load that could still say something has ended, by an exception as well.
class LoadReport {
 public:
  LoadReport(std::shared_ptr<GroupResults> results, Status& status) : results_(std::move(results)), status_(status) {}
  ~LoadReport() { results_->reported.CountDown(); }
  LoadReport(const LoadReport&) = delete;
  LoadReport& operator=(const LoadReport&) = delete;
  void Set(Status status) { status_ = std::move(status); }

 private:
  const std::shared_ptr<GroupResults> results_;
  Status& status_;
};

}  // namespace

Expected<std::unique_ptr<ModelRepository>> ModelRepository::Create(RepositoryOptions options, VersionLoader& loader) {
  if (options.paths.empty()) return InvalidArg("--model-repository must be specified");
  return std::unique_ptr<ModelRepository>(new ModelRepository(std::move(options), loader));
}

ModelRepository::ModelRepository(RepositoryOptions options, VersionLoader& loader)
    : options_(std::move(options)),
      storages_(options_.objects),
      agents_(options_.agents.directory),
      lifecycle_(loader, options_.lifecycle),
      paths_(options_.paths) {}

std::pair<std::string, std::string> ModelRepository::PartsOf(const std::string& name) const {
  return options_.lifecycle.namespacing ? PartsOfId(name) : std::pair(std::string(), name);
}

// --- start and load --------------------------------------------------------------------------------------------------

Status ModelRepository::CheckPaths() const {
  for (const std::string& path : options_.paths) RETURN_IF_ERROR(storages_.CheckRepository(path));
  return {};
}

Status ModelRepository::LoadStartupModels() {
  // Beside the loads: other programs may have left many files there, too. Without a thread it is left to the next start.
  static_cast<void>(lifecycle_.load_executor().Post([] { TemporaryFolder::RemoveAbandoned(); }));
  ASSIGN_OR_RETURN(const Locations locations, ListAll());
  std::set<std::string> names = options_.startup_models;
  const bool all = options_.control_mode != TRITONSERVER_MODEL_CONTROL_EXPLICIT || names == std::set<std::string>{"*"};
  if (all) {
    names.clear();
    for (const auto& [id, location] : locations) names.insert(id);
  }
  TellWhatIsOdd(names);
  std::map<std::string, PolledModel> polled;
  const std::set<std::string> ids = all || !options_.lifecycle.namespacing ? names : IdsOf(names, locations);
  std::map<std::string, Status> failures = PollMany(ids, /*retries=*/{}, locations, polled);
  if (!all) PollComposing(polled);
  std::set<std::string> busy;
  std::map<std::string, FolderLook> looks;
  for (const auto& [id, model] : polled) {
    busy.insert(id);
    if (options_.control_mode == TRITONSERVER_MODEL_CONTROL_POLL) looks.emplace(id, model.look);
  }
  const Operation operation(*this, std::move(busy));
  // What many folders left behind is worth a walk through the allocator; what a few did is not.
  constexpr size_t kManyModels = 100;
  const bool many = polled.size() >= kManyModels;
  failures.merge(LoadPolled(std::move(polled), ids));
  for (auto& [id, look] : looks) tracker_.Note(id, std::move(look), !failures.contains(id));
  if (many) lifecycle_.ReturnMemory();
  if (failures.empty()) return {};
  MutexLock lock(mutex_);
  for (const auto& [id, status] : failures) startup_failures_[id] = status.message();
  return Internal("failed to load all models");
}

std::set<std::string> ModelRepository::IdsOf(const std::set<std::string>& names, const Locations& locations) {
  std::set<std::string> ids, missing = names;
  for (const auto& [id, location] : locations) {
    if (!names.contains(id) && !names.contains(location.name)) continue;
    ids.insert(id);
    missing.erase(id);
    missing.erase(location.name);
  }
  ids.merge(missing);  // which is told when they are looked for
  return ids;
}

void ModelRepository::TellWhatIsOdd(const std::set<std::string>& wanted) const {
  for (const std::string& path : options_.paths) {
    const Expected<const Storage*> storage = storages_.Of(path);
    if (!storage) continue;
    const Expected<RepositoryListing> listing = (*storage)->ListRepository(path);
    const std::string hint = listing ? RepositoryHint(*listing, path) : "";
    if (!hint.empty()) LOG_WARNING("{}", hint);
  }
  if (!wanted.empty()) return;
  if (options_.control_mode == TRITONSERVER_MODEL_CONTROL_EXPLICIT) {
    LOG_INFO("no model is loaded at the start: name some by --load-model, or load them by request");
  } else {
    LOG_WARNING("there is nothing to serve");
  }
}

std::map<std::string, std::string> ModelRepository::StartupFailures() const {
  std::map<std::string, std::string> reasons;
  {
    MutexLock lock(mutex_);
    reasons = startup_failures_;
  }
  // The states know more than the contract's texts say.
  for (const ModelIndexEntry& entry : lifecycle_.States()) {
    const auto failed = reasons.find(entry.name);
    if (failed == reasons.end() || entry.reason.empty() || IsUnloadedReason(entry.reason)) continue;
    failed->second = entry.version < 0 ? entry.reason : fmt::format("version {}: {}", entry.version, entry.reason);
  }
  return reasons;
}

Status ModelRepository::LoadModel(const std::string& name, const std::vector<LoadParameter>& parameters) {
  RETURN_IF_ERROR(CheckControlMode());
  RETURN_IF_ERROR(CheckModelName(PartsOf(name).second));
  ASSIGN_OR_RETURN(const Override changes, ParseOverride(parameters));

  // An ensemble's models are known only when it has been read, and it must be read while nobody else loads it: so once
  // more with all ids, if there are more.
  std::set<std::string> busy = {name};
  std::map<std::string, PolledModel> before;  // keeps what repository agents have made for the first look
  while (true) {
    const Operation operation(*this, busy);
    Expected<std::map<std::string, PolledModel>> found = Poll(name, changes);
    if (!found) return Internal("failed to load '{}', failed to poll from model repository", name);
    std::map<std::string, PolledModel> polled = *std::move(found);
    std::set<std::string> asked;
    for (const auto& [id, unused] : polled) asked.insert(id);
    PollComposing(polled);
    std::map<std::string, PolledModel> users = UsersOfPolled(polled);
    std::set<std::string> needed = busy;
    for (const auto& [composing, unused] : polled) needed.insert(composing);
    for (const auto& [user, unused] : users) needed.insert(user);
    if (needed != busy) {
      busy = std::move(needed);
      before = std::move(polled);
      continue;
    }
    const std::map<std::string, Status> failures = LoadPolled(std::move(polled), asked);
    // Whether they can use what their models have become is no matter of this request's; the log tells of it.
    LoadPolled(std::move(users), {});
    for (const auto& [id, failure] : failures) {
      if (asked.contains(id)) return InvalidArg("load failed for model '{}': {}\n", id, failure.message());
    }
    return {};
  }
}

std::map<std::string, PolledModel> ModelRepository::UsersOfPolled(
    const std::map<std::string, PolledModel>& polled) const {
  std::set<std::string> names;
  for (const auto& [name, unused] : polled) names.insert(name);
  std::map<std::string, PolledModel> users;
  MutexLock lock(mutex_);
  for (const std::string& user : UsersOf(loaded_, names)) {
    if (const auto known = ensembles_.find(user); known != ensembles_.end()) users.insert(*known);
  }
  return users;
}

std::map<std::string, Status> ModelRepository::LoadPolled(std::map<std::string, PolledModel> polled,
                                                          const std::set<std::string>& explicitly) {
  DependencyGraph graph;
  std::set<std::string> names;
  for (const auto& [name, model] : polled) {
    names.insert(name);
    const auto composing = ComposingModels(model.config);
    graph[name] = {{composing.begin(), composing.end()}, explicitly.contains(name)};
  }
  std::map<std::string, Status> failures;
  for (const std::vector<std::string>& group : PlanLoadOrder(graph, names)) {
    const auto results = std::make_shared<GroupResults>(group);
    for (const std::string& name : group) {
      const auto report = std::make_shared<LoadReport>(results, results->statuses.at(name));
      try {
        PolledModel model = polled.at(name);
        Status prepared = PrepareEnsemble(model, polled, failures);
        if (prepared.ok()) {
          lifecycle_.Load(std::move(model), [report](Status status) { report->Set(std::move(status)); });
          continue;
        }
        NESO_LOG_AT(LevelOf(model, LogLevel::kError), "failed to load model '{}': {}", name, prepared.message());
        lifecycle_.RecordFailure(name, prepared.message());
        report->Set(std::move(prepared));
      } catch (...) {
        LogException("the load of a model");  // the report says so
      }
    }
    results->reported.Wait();
    for (auto& [name, status] : results->statuses) {
      if (status.ok()) continue;
      if (IsEnsemble(polled.at(name).config)) lifecycle_.Unload(name, status.message());
      failures.emplace(name, std::move(status));
    }
  }
  MutexLock lock(mutex_);
  for (auto& [name, dependencies] : graph) {
    if (failures.contains(name)) continue;
    ModelDependencies& known = loaded_[name];
    known.composing = std::move(dependencies.composing);
    known.explicitly_loaded |= dependencies.explicitly_loaded;
    KeepOverride(polled.at(name));
    ensembles_.erase(name);
    if (known.composing.empty()) continue;
    polled.at(name).is_retry = false;  // when it comes back with its models, that is news
    ensembles_.emplace(name, std::move(polled.at(name)));
  }
  return failures;
}

void ModelRepository::KeepOverride(const PolledModel& model) {
  // Files that came with a request are gone with it; the next load looks at the folder again.
  if (!model.config_override || model.is_temporary) {
    kept_overrides_.erase(model.id());
    return;
  }
  kept_overrides_[model.id()] = {*model.config_override, model.location, model.folder_fingerprint};
}

Status ModelRepository::PrepareEnsemble(PolledModel& model, const std::map<std::string, PolledModel>& polled,
                                        const std::map<std::string, Status>& failures) const {
  if (!IsEnsemble(model.config)) return {};
  // What a lookup returns must live as long as the check.
  std::vector<ModelHandle> held;
  const ModelConfigLookup find = [&](const std::string& id) -> const inference::ModelConfig* {
    ModelHandle serving = lifecycle_.serving().Find(id, -1);
    // Not the only one that serves of a name that several repositories have.
    if (serving != nullptr && serving->id() == id) {
      held.push_back(std::move(serving));
      return &held.back()->config();
    }
    const auto it = polled.find(id);
    return it == polled.end() ? nullptr : &it->second.config;
  };
  RETURN_IF_ERROR(ValidateEnsemble(model.config, find, model.name_space));
  RETURN_IF_ERROR(CheckComposingModelsLoaded(model.config, [&](const std::string& id) {
    ComposingState state;
    for (const auto& serving : lifecycle_.serving().Versions(id)) state.loaded.insert(serving->version());
    if (const auto failure = failures.find(id); failure != failures.end()) state.error = failure->second.message();
    return state;
  }));
  model.config.mutable_model_transaction_policy()->set_decoupled(EnsembleIsDecoupled(model.config, find));
  RETURN_IF_ERROR(ValidateResponseCache(model.config));
  for (const std::string& name : ComposingModels(model.config)) {
    model.files_fingerprint = model.files_fingerprint * 31 + lifecycle_.ServingGeneration(name);
  }
  return {};
}

// --- unload ----------------------------------------------------------------------------------------------------------

Status ModelRepository::UnloadModel(const std::string& name, bool unload_dependents) {
  RETURN_IF_ERROR(CheckControlMode());
  RETURN_IF_ERROR(CheckModelName(PartsOf(name).second));
  // Those that go, in this order, and whether they are forgotten: ensembles come back with the model that they need.
  using Plan = std::vector<std::pair<std::string, bool>>;
  const auto plan = [&]() {
    std::set<std::string> ids = lifecycle_.IdsOf(name);
    // Whoever loads it for the first time is waited for.
    if (ids.empty()) ids.insert(name);
    MutexLock lock(mutex_);
    Plan order;
    for (const std::string& id : ids) {
      std::vector<std::string> with_it = PlanUnload(loaded_, id, unload_dependents);
      // A model whose load failed may still serve its former version.
      if (with_it.empty()) with_it.push_back(id);
      bool is_forgotten = false;
      for (std::string& model : with_it) {
        is_forgotten |= model == id;  // the ensembles that need it stand before it
        order.emplace_back(std::move(model), is_forgotten);
      }
    }
    return order;
  };
  while (true) {
    const Plan order = plan();
    std::set<std::string> busy;
    for (const auto& [model, is_forgotten] : order) busy.insert(model);
    const Operation operation(*this, busy, Operation::Kind::kUnload);
    if (order != plan()) continue;
    for (const auto& [model, is_forgotten] : order) lifecycle_.Unload(model);
    MutexLock lock(mutex_);
    for (const auto& [model, is_forgotten] : order) {
      if (!is_forgotten) continue;
      ForgetLocked(model);
      kept_overrides_.erase(model);
    }
    return {};
  }
}

void ModelRepository::UnloadAll() {
  std::set<std::string> ids;
  for (const ModelIndexEntry& entry : lifecycle_.States()) ids.insert(entry.name);
  std::vector<std::string> ensembles_first;
  {
    MutexLock lock(mutex_);
    for (const std::string& id : ids) {
      const auto it = loaded_.find(id);
      const bool ensemble = it != loaded_.end() && !it->second.composing.empty();
      ensembles_first.insert(ensemble ? ensembles_first.begin() : ensembles_first.end(), id);
    }
  }
  for (const std::string& id : ensembles_first) lifecycle_.Unload(id);
}

Status ModelRepository::CheckControlMode() const {
  if (options_.control_mode == TRITONSERVER_MODEL_CONTROL_EXPLICIT) return {};
  // The contract's text names no flag. Once is enough: clients may ask without end.
  static std::once_flag told;
  std::call_once(told, [] {
    LOG_WARNING("a load or unload request was refused: the server takes them with --model-control-mode=explicit only");
  });
  return Unavailable("explicit model load / unload is not allowed if polling is enabled");
}

// --- repositories ----------------------------------------------------------------------------------------------------

Status ModelRepository::RegisterRepository(const std::string& path,
                                           const std::map<std::string, std::string>& name_mapping) {
  if (options_.control_mode != TRITONSERVER_MODEL_CONTROL_EXPLICIT) {
    return Unsupported("repository registration is not allowed if model control mode is not EXPLICIT");
  }
  if (!storages_.CheckRepository(path).ok()) return InvalidArg("failed to register '{}', repository not found", path);
  for (const auto& [folder, name] : name_mapping) RETURN_IF_ERROR(CheckModelName(name));
  {
    MutexLock lock(mutex_);
    std::set<std::string> taken;
    for (const auto& [known_path, mapping] : mappings_) {
      if (options_.lifecycle.namespacing) continue;  // they may have the same names
      for (const auto& [folder, name] : mapping) taken.insert(name);
    }
    for (const auto& [folder, name] : name_mapping) {
      if (!taken.insert(name).second) {
        return AlreadyExists("failed to register '{}', there is a conflicting mapping for '{}'", path, name);
      }
    }
    if (!paths_.insert(path).second) return AlreadyExists("repository '{}' has already been registered", path);
    mappings_[path] = name_mapping;
  }
  LOG_INFO("Model repository registered: {}", path);
  return {};
}

Status ModelRepository::UnregisterRepository(const std::string& path) {
  if (options_.control_mode != TRITONSERVER_MODEL_CONTROL_EXPLICIT) {
    return Unsupported("repository unregistration is not allowed if model control mode is not EXPLICIT");
  }
  {
    MutexLock lock(mutex_);
    if (paths_.erase(path) == 0) return InvalidArg("failed to unregister '{}', repository not found", path);
    mappings_.erase(path);
  }
  LOG_INFO("Model repository unregistered: {}", path);
  return {};
}

std::vector<ModelIndexEntry> ModelRepository::Index(bool ready_only) const {
  std::map<std::string, std::vector<ModelIndexEntry>> by_id;
  std::map<std::string, std::string> failures;  // of models without a version
  {
    MutexLock lock(mutex_);
    failures = poll_failures_;
  }
  if (Expected<Locations> locations = ListAll()) {
    for (const auto& [id, location] : *locations) {
      std::vector<ModelIndexEntry>& entries = by_id[id];
      if (location.is_duplicate) {
        entries.push_back({id, -1, ModelState::kUnavailable, "model appears in two or more repositories"});
      }
    }
  }
  for (ModelIndexEntry& entry : lifecycle_.States()) {
    std::vector<ModelIndexEntry>& entries = by_id[entry.name];
    const bool duplicate = !entries.empty() && entries.front().version == -1;
    if (entry.version == -1) {
      if (!entry.reason.empty()) failures.try_emplace(entry.name, std::move(entry.reason));
    } else if (!duplicate) {
      entries.push_back(std::move(entry));
    }
  }
  std::vector<ModelIndexEntry> index;
  for (auto& [id, entries] : by_id) {
    const std::string name = PartsOf(id).second;
    if (entries.empty() && !ready_only) {
      const auto failure = failures.find(id);
      const bool has_failed = failure != failures.end();
      index.push_back(
          {name, -1, has_failed ? ModelState::kUnavailable : ModelState::kUnknown, has_failed ? failure->second : ""});
    }
    for (ModelIndexEntry& entry : entries) {
      if (ready_only && entry.state != ModelState::kReady) continue;
      entry.name = name;
      index.push_back(std::move(entry));
    }
  }
  return index;
}

}  // namespace neso
