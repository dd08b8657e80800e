#include "repository/lifecycle.h"

#include <algorithm>
#include <utility>

#include "base/buffer.h"
#include "base/catch_exceptions.h"
#include "base/log.h"
#include "base/log_scope.h"
#include "config/ensemble.h"
#include "config/equivalence.h"
#include "config/versions.h"
#include "repository/agents/agent_chain.h"

namespace neso {

const char* ModelStateName(ModelState state) {
  constexpr const char* kNames[] = {"UNKNOWN", "READY", "UNAVAILABLE", "LOADING", "UNLOADING"};
  return kNames[static_cast<int>(state)];
}

namespace {

// The contract's text first, as scripts look for it.
std::string WithHint(std::string reason, const std::string& hint) {
  return hint.empty() ? std::move(reason) : std::move(reason) + " (" + hint + ")";
}

// `former`: those of what served before, if it serves no more.
void TellAgents(AgentChain* agents, AgentChain* former, bool is_loaded) {
  if (agents != nullptr) is_loaded ? agents->LoadComplete() : agents->LoadFail();
  if (former != nullptr && former != agents) former->Unload();
}

}  // namespace

// One Load: shared by the jobs that build its versions; the last of them to finish ends it.
struct ModelLifecycle::LoadOperation {
  struct Job {
    int64_t version;
    uint64_t generation = 0;
    Expected<ModelHandle> result = Expected<ModelHandle>(ModelHandle());
    std::string reason = "";  // of a failure: the error, and what may explain it
  };
  PolledModel model;
  Done done;
  std::vector<VersionAction> actions;
  std::vector<Job> jobs;
  std::atomic<size_t> left{0};
  std::stop_source stop;

  // Brings the model's files to this machine, once for all versions: the other jobs wait for the first.
  Status Localize() {
    MutexLock lock(localize_mutex);
    if (!model.local.path.empty()) return {};
    ASSIGN_OR_RETURN(model.local, model.storage->Localize(model.location));
    return {};
  }
  Mutex localize_mutex;
};

ModelLifecycle::ModelLifecycle(VersionLoader& loader, LifecycleOptions options)
    : loader_(loader),
      options_(options),
      serving_(options.namespacing),
      load_executor_("model-load", std::max(1U, options.load_threads)),
      // Freed memory stays in the allocator's arenas unless somebody asks for it (a user who unloads a model does).
      memory_return_(end_executor_, options.timers, [] { Buffer::TrimPools(); }),
      end_executor_("model-unload", 2) {}

ModelLifecycle::~ModelLifecycle() { memory_return_.Stop(); }

// --- loading ---------------------------------------------------------------------------------------------------------

void ModelLifecycle::Load(PolledModel model, Done done) {
  std::set<int64_t> available;
  for (const auto& [version, content] : model.versions) available.insert(version);
  Expected<VersionSelection> selection = SelectVersions(model.config, available);
  if (!selection) {
    const std::string reason = WithHint(selection.error().message(), model.layout_hint);
    NESO_LOG_AT(LevelOf(model, LogLevel::kError), "failed to load model '{}': {}", model.id(), reason);
    RecordFailure(model.id(), reason);
    done(std::move(selection).error());
    return;
  }
  for (const int64_t missing : selection->missing) {
    NESO_LOG_AT(LevelOf(model, LogLevel::kError),
                "version {} is specified for model '{}', but the version directory is not present", missing,
                model.id());
  }
  const std::shared_ptr<LoadOperation> operation =
      BeginLoad(std::move(model), done, {selection->versions.begin(), selection->versions.end()});
  if (operation->jobs.empty()) {
    FinishLoad(*operation);
    return;
  }
  // The last job may end the operation before this loop looks again.
  const size_t jobs = operation->jobs.size();
  for (size_t i = 0; i < jobs; ++i) {
    if (!load_executor_.Post([this, operation, i] { RunLoad(operation, i); })) RunLoad(operation, i);
  }
}

std::shared_ptr<ModelLifecycle::LoadOperation> ModelLifecycle::BeginLoad(PolledModel model, Done& done,
                                                                         std::vector<int64_t> wanted) {
  auto operation = std::make_shared<LoadOperation>();
  operation->model = std::move(model);
  operation->done = std::move(done);
  const PolledModel& polled = operation->model;
  const std::string id = polled.id();
  std::vector<WantedVersion> versions;
  for (const int64_t version : wanted) versions.push_back({version, polled.versions.at(version).fingerprint});
  {
    MutexLock lock(mutex_);
    loads_[id] = operation->stop;
    if (loads_stopped_) operation->stop.request_stop();
    Record& record = RecordOf(id);
    std::vector<KnownVersion> known;
    for (const auto& [version, entry] : record.versions) {
      const bool is_ready = entry.state == ModelState::kReady;
      known.push_back({version, is_ready, entry.fingerprint, is_ready && !loader_.WhyLost(*entry.model).empty()});
    }
    operation->actions = PlanVersions(known, versions, ChangeOf(record, polled));
    for (const VersionAction& action : operation->actions) {
      if (action.kind != VersionActionKind::kLoad) continue;
      operation->jobs.push_back({action.version, ++last_generation_});
      Version& entry = record.versions[action.version];
      if (entry.state == ModelState::kReady) continue;
      entry.state = ModelState::kLoading;
      entry.reason.clear();
      entry.generation = operation->jobs.back().generation;
    }
  }
  operation->left = operation->jobs.size();
  for (const LoadOperation::Job& job : operation->jobs) {
    const LogScope scope({.model = id, .version = job.version});
    NESO_LOG_AT(LevelOf(polled, LogLevel::kInfo), "loading: {}:{}", id, job.version);
  }
  return operation;
}

ConfigChange ModelLifecycle::ChangeOf(const Record& record, const PolledModel& model) const {
  // What agents have made anew is loaded anew: they are told of all versions together.
  if (record.agents != model.agents) return ConfigChange::kReload;
  if (record.location != model.location || record.files_fingerprint != model.files_fingerprint) {
    return ConfigChange::kReload;
  }
  if (record.config == model.config.SerializeAsString()) return ConfigChange::kNone;
  inference::ModelConfig served;
  if (!served.ParseFromString(record.config)) return ConfigChange::kReload;
  return CanUpdateInPlace(served, model.config) ? ConfigChange::kInPlace : ConfigChange::kReload;
}

void ModelLifecycle::RunLoad(const std::shared_ptr<LoadOperation>& operation, size_t index) {
  LoadOperation::Job& job = operation->jobs[index];
  const std::string id = operation->model.id();
  const LogScope scope({.model = id, .version = job.version});
  job.result = LoadOnce(*operation, job.version);
  for (unsigned retry = 0; !job.result && retry < options_.load_retries; ++retry) {
    if (operation->stop.stop_requested()) break;
    LOG_INFO("retrying to load '{}' version {}: {}", id, job.version, job.result.error().ToString());
    job.result = LoadOnce(*operation, job.version);
  }
  if (!job.result) {
    job.reason = WithHint(job.result.error().ToString(), loader_.Explain(operation->model, job.version));
    NESO_LOG_AT(LevelOf(operation->model, LogLevel::kError), "failed to load '{}' version {}: {}", id, job.version,
                job.reason);
  }
  if (operation->left.fetch_sub(1, std::memory_order_acq_rel) == 1) FinishLoad(*operation);
}

Expected<ModelHandle> ModelLifecycle::LoadOnce(LoadOperation& operation, int64_t version) {
  const PolledModel& model = operation.model;
  if (loads_stopped_) return WhyStopped();
  if (const std::string& endless = model.versions.at(version).endless_file; !endless.empty()) {
    return InvalidArg("{} of model '{}'; expected regular files and folders only", endless, model.id());
  }
  const TimePoint start = SteadyClock::Instance().Now();
  Expected<ModelHandle> built = CatchExceptions([&]() -> Expected<ModelHandle> {
    RETURN_IF_ERROR(operation.Localize());
    return loader_.Load(model, version, operation.stop.get_token());
  });
  if (!built && operation.stop.stop_requested()) return WhyStopped();
  if (built) (*built)->SetNamespace(model.name_space);
  // An ensemble is nothing but its models, whose loads have been timed.
  if (built && !IsEnsemble(model.config)) {
    (*built)->set_load_seconds(std::chrono::duration<double>(SteadyClock::Instance().Now() - start).count());
  }
  return built;
}

void ModelLifecycle::FinishLoad(LoadOperation& operation) {
  const std::string id = operation.model.id();
  const LogScope scope({.model = id});
  for (LoadOperation::Job& job : operation.jobs) {
    if (job.result) *job.result = Track(std::move(*job.result), operation.model.local.keeper, job.generation);
  }
  Status status = UpdateServing(operation);
  std::vector<ModelHandle> dropped;
  std::shared_ptr<AgentChain> former_agents;
  {
    MutexLock lock(mutex_);
    loads_.erase(id);
    if (status.ok()) {
      former_agents = std::exchange(RecordOf(operation.model.id()).agents, operation.model.agents);
      Commit(operation, dropped);
    } else {
      Abandon(operation);
    }
  }
  TellAgents(operation.model.agents.get(), former_agents.get(), status.ok());
  dropped.clear();
  if (!status.ok()) {
    NESO_LOG_AT(LevelOf(operation.model, LogLevel::kInfo), "failed to load '{}'", id);
  } else if (!operation.jobs.empty()) {
    LOG_INFO("successfully loaded '{}'", id);
  }
  // Whatever was built in vain ends before the caller hears of it.
  operation.jobs.clear();
  std::exchange(operation.done, nullptr)(std::move(status));
}

Status ModelLifecycle::UpdateServing(const LoadOperation& operation) {
  std::string failures;
  for (const LoadOperation::Job& job : operation.jobs) {
    if (job.result) continue;
    failures += fmt::format("version {} is at UNAVAILABLE state: {};", job.version, job.result.error().ToString());
  }
  for (const VersionAction& action : operation.actions) {
    if (!failures.empty() || action.kind != VersionActionKind::kUpdateInPlace) continue;
    const ModelHandle model = serving_.Find(operation.model.id(), action.version);
    if (model == nullptr) continue;
    Status updated = CatchExceptions(
        [&] { return loader_.UpdateInPlace(*model, operation.model.config, operation.stop.get_token()); });
    if (updated.ok()) continue;
    if (operation.stop.stop_requested()) updated = WhyStopped();
    const std::string id = operation.model.id();
    const LogScope scope({.model = id, .version = action.version});
    LOG_ERROR("failed to update '{}' version {}: {}", id, action.version, updated.ToString());
    failures += fmt::format("version {} is at UNAVAILABLE state: {};", action.version, updated.ToString());
  }
  return failures.empty() ? Status() : InvalidArg("{}", failures);
}

void ModelLifecycle::Commit(LoadOperation& operation, std::vector<ModelHandle>& dropped) {
  const PolledModel& polled = operation.model;
  Record& record = RecordOf(polled.id());
  record.config = polled.config.SerializeAsString();
  record.location = polled.location;
  record.files_fingerprint = polled.files_fingerprint;
  for (LoadOperation::Job& job : operation.jobs) {
    Version& entry = record.versions[job.version];
    entry.state = ModelState::kReady;
    entry.reason.clear();
    entry.fingerprint = polled.versions.at(job.version).fingerprint;
    entry.generation = job.generation;
    dropped.push_back(std::exchange(entry.model, *job.result));
  }
  for (const VersionAction& action : operation.actions) {
    if (action.kind != VersionActionKind::kUnload) continue;
    BeginUnloadLocked(polled.id(), action.version, record.versions[action.version], dropped);
  }
  ForgetUnwanted(operation.actions, record);
  PublishLocked(polled.id(), record);
}

void ModelLifecycle::ForgetUnwanted(const std::vector<VersionAction>& actions, Record& record) {
  std::set<int64_t> wanted;
  for (const VersionAction& action : actions) wanted.insert(action.version);
  std::erase_if(record.versions, [&](const auto& known) {
    const auto& [version, entry] = known;
    return entry.state == ModelState::kUnavailable && !IsUnloadedReason(entry.reason) && !wanted.contains(version);
  });
}

void ModelLifecycle::Abandon(const LoadOperation& operation) {
  Record& record = RecordOf(operation.model.id());
  for (const LoadOperation::Job& job : operation.jobs) {
    Version& entry = record.versions[job.version];
    if (entry.state == ModelState::kReady) continue;  // the former copy serves on
    entry.state = ModelState::kUnavailable;
    // One that was stopped is what somebody has asked for.
    entry.reason = job.result || operation.stop.stop_requested() ? kUnloadedReason : job.reason;
  }
  version_ended_.NotifyAll();
}

ModelLifecycle::Record& ModelLifecycle::RecordOf(const std::string& id) {
  if (options_.namespacing) ids_[NameOfId(id)].insert(id);
  Record& record = records_[id];
  record.is_removed = false;
  return record;
}

void ModelLifecycle::PublishLocked(const std::string& id, const Record& record) {
  std::vector<ModelHandle> versions;
  for (const auto& [version, entry] : record.versions) {
    if (entry.state == ModelState::kReady) versions.push_back(entry.model);
  }
  serving_.Publish(id, std::move(versions));
}

void ModelLifecycle::RecordFailure(const std::string& id, std::string reason) {
  MutexLock lock(mutex_);
  RecordOf(id).reason = std::move(reason);
}

// --- unloading -------------------------------------------------------------------------------------------------------

void ModelLifecycle::Unload(const std::string& id, const std::string& lost) {
  std::vector<ModelHandle> dropped;
  std::shared_ptr<AgentChain> agents;
  {
    MutexLock lock(mutex_);
    const auto record = records_.find(id);
    if (record == records_.end()) return;
    agents = std::move(record->second.agents);
    for (auto& [version, entry] : record->second.versions) {
      if (entry.state != ModelState::kReady) continue;
      BeginUnloadLocked(id, version, entry, dropped);
      entry.lost = lost;
    }
    record->second.config.clear();
    record->second.location.clear();
    PublishLocked(id, record->second);
  }
  if (agents != nullptr) agents->Unload();
}

void ModelLifecycle::Remove(const std::string& id) {
  Unload(id);
  MutexLock lock(mutex_);
  // The record stays: a lookup says that the model has no available versions.
  if (const auto record = records_.find(id); record != records_.end()) record->second.is_removed = true;
}

void ModelLifecycle::BeginUnloadLocked(const std::string& id, int64_t version, Version& entry,
                                       std::vector<ModelHandle>& dropped) {
  const LogScope scope({.model = id, .version = version});
  LOG_INFO("unloading: {}:{}", id, version);
  entry.state = ModelState::kUnloading;
  entry.reason.clear();
  entry.lost.clear();
  dropped.push_back(std::move(entry.model));
  entry.model = nullptr;
}

ModelHandle ModelLifecycle::Track(ModelHandle built, std::shared_ptr<const void> folder, uint64_t generation) {
  // Made now, so that the end needs no memory.
  class Ending final : public Runnable {
   public:
    Ending(ModelLifecycle& lifecycle, ModelHandle built, std::shared_ptr<const void> folder, uint64_t generation)
        : lifecycle_(lifecycle),
          pass_(lifecycle.live_.Enter()),
          built_(std::move(built)),
          folder_(std::move(folder)),
          generation_(generation) {}
    void Run() override {
      const std::unique_ptr<Ending> self(this);
      lifecycle_.End(std::move(built_), std::move(folder_), generation_, std::move(pass_));
    }

   private:
    ModelLifecycle& lifecycle_;
    Gate::Pass pass_;
    ModelHandle built_;
    std::shared_ptr<const void> folder_;
    const uint64_t generation_;
  };
  Model* const model = built.get();
  auto* const ending = new Ending(*this, std::move(built), std::move(folder), generation);
  // The deleter runs on the thread that drops the last reference, often a request's: finalising instances is not its
  // business.
  return {model, [this, ending](Model*) { end_executor_.Post(ending); }};
}

void ModelLifecycle::End(ModelHandle last, std::shared_ptr<const void> folder, uint64_t generation, Gate::Pass pass) {
  const std::string id = last->id();
  const int64_t version = last->version();
  const LogScope scope({.model = id, .version = version});
  loader_.End(std::move(last));
  folder.reset();
  {
    MutexLock lock(mutex_);
    if (const auto record = records_.find(id); record != records_.end()) {
      const auto entry = record->second.versions.find(version);
      const bool ours = entry != record->second.versions.end() && entry->second.generation == generation;
      if (ours && entry->second.state == ModelState::kUnloading) {
        entry->second.state = ModelState::kUnavailable;
        const std::string& lost = entry->second.lost;
        entry->second.reason = lost.empty() ? kUnloadedReason : fmt::format("{}: {}", kUnloadedReason, lost);
        version_ended_.NotifyAll();
      }
    }
  }
  LOG_INFO("successfully unloaded '{}' version {}", id, version);
  pass.GiveBack();
  ReturnMemory();
}

bool ModelLifecycle::WaitUntilUnloaded(std::string_view name, TimePoint deadline) const {
  MutexLock lock(mutex_);
  while (!IsUnloaded(name) && !exiting_) {
    if (!version_ended_.WaitUntil(mutex_, deadline)) break;
  }
  return IsUnloaded(name);
}

std::set<std::string> ModelLifecycle::IdsOf(std::string_view name) const {
  MutexLock lock(mutex_);
  return IdsOfLocked(name);
}

std::set<std::string> ModelLifecycle::IdsOfLocked(std::string_view name) const {
  if (const auto ids = ids_.find(name); ids != ids_.end()) return ids->second;
  return records_.contains(name) ? std::set{std::string(name)} : std::set<std::string>();
}

bool ModelLifecycle::IsUnloaded(std::string_view name) const {
  for (const std::string& id : IdsOfLocked(name)) {
    for (const auto& [version, entry] : records_.at(id).versions) {
      if (entry.state != ModelState::kUnavailable) return false;
    }
  }
  return true;
}

void ModelLifecycle::PrepareForExit() {
  memory_return_.Stop();
  MutexLock lock(mutex_);
  exiting_ = true;
  version_ended_.NotifyAll();
}

// --- what others see -------------------------------------------------------------------------------------------------

Status ModelLifecycle::WhyNotServing(std::string_view name, int64_t version) const {
  MutexLock lock(mutex_);
  if (IdsOfLocked(name).empty()) {
    const std::string text = fmt::format("Request for unknown model: '{}' is not found", name);
    return options_.namespacing ? InvalidArg("{}", text) : NotFound("{}", text);
  }
  const std::set<std::string> serving = serving_.IdsOf(name);
  if (serving.size() == 1) return WhyNotServingLocked(*serving.begin(), version);
  if (serving.empty() && ids_.contains(name)) {
    return NotFound("Identifier of model '{}' is not found in global map", name);
  }
  const std::string id(name);
  if (serving.size() > 1 && !serving.contains(id)) {
    return InvalidArg(
        "There are {} identifiers of model '{}' in global map, model namespace must be provided to resolve ambiguity.",
        serving.size(), name);
  }
  return WhyNotServingLocked(id, version);
}

Status ModelLifecycle::WhyNotServingLocked(const std::string& id, int64_t version) const {
  if (version == -1) return NotFound("Request for unknown model: '{}' has no available versions", id);
  if (!records_.at(id).versions.contains(version)) {
    return NotFound("Request for unknown model: '{}' version {} is not found", id, version);
  }
  return Unavailable("Request for unknown model: '{}' version {} is not at ready state", id, version);
}

uint64_t ModelLifecycle::ServingGeneration(std::string_view id) const {
  uint64_t generation = 0;
  MutexLock lock(mutex_);
  const auto record = records_.find(id);
  if (record == records_.end()) return 0;
  for (const auto& [version, entry] : record->second.versions) {
    if (entry.state == ModelState::kReady) generation = generation * 31 + entry.generation;
  }
  return generation;
}

ModelUse ModelLifecycle::UseOf(std::string_view id) const {
  using Presence = ModelUse::Presence;
  constexpr int64_t kOwnHandles = 1 + ServingTable::kHandles;  // the record's and the table's
  ModelUse use;
  const auto set = [&use](Presence presence) { use.presence = std::max(use.presence, presence); };
  MutexLock lock(mutex_);
  const auto record = records_.find(id);
  if (record == records_.end()) return use;
  for (const auto& [version, entry] : record->second.versions) {
    if (entry.state == ModelState::kLoading || entry.state == ModelState::kUnloading) set(Presence::kPassing);
    if (entry.state != ModelState::kReady) continue;
    const bool has_sequences = entry.model->scheduler().HasOpenSequences();
    set(has_sequences || entry.model.use_count() > kOwnHandles ? Presence::kInUse : Presence::kIdle);
    use.last_use = std::max(use.last_use, entry.model->last_use());
  }
  return use;
}

std::vector<ModelIndexEntry> ModelLifecycle::States() const {
  std::vector<ModelIndexEntry> states;
  MutexLock lock(mutex_);
  for (const auto& [id, record] : records_) {
    if (record.is_removed) continue;
    if (record.versions.empty()) states.push_back({id, -1, ModelState::kUnknown, record.reason});
    for (const auto& [version, entry] : record.versions) {
      const std::string lost = entry.state == ModelState::kReady ? loader_.WhyLost(*entry.model) : "";
      states.push_back(lost.empty() ? ModelIndexEntry{id, version, entry.state, entry.reason}
                                    : ModelIndexEntry{id, version, ModelState::kUnavailable, lost, /*is_lost=*/true});
    }
  }
  return states;
}

}  // namespace neso
