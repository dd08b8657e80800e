// The model repository: folders on disk, what of them is loaded, and the requests to change that.
//
//   ASSIGN_OR_RETURN(auto repository, ModelRepository::Create({.paths = {"/models"}}, loader));
//   Status status = repository->LoadStartupModels();
//   RETURN_IF_ERROR(repository->LoadModel("digits", {}));
//
// Operations on different models run side by side; those on one model wait for each other.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "core/abi.h"
#include "repository/agents/agent_chain.h"
#include "repository/agents/agent_chains.h"
#include "repository/agents/repository_agent.h"
#include "repository/folder_tracker.h"
#include "repository/lifecycle.h"
#include "repository/load_parameter.h"
#include "repository/model_state.h"
#include "repository/poll.h"
#include "repository/poll_care.h"
#include "repository/storage/storages.h"
#include "repository/version_loader.h"

namespace neso {

struct AgentOptions {
  std::string directory;            // has a folder for each agent
  std::vector<AgentWish> required;  // see every model, before those that it asks for itself
};

struct RepositoryOptions {
  std::set<std::string> paths;
  TRITONSERVER_ModelControlMode control_mode = TRITONSERVER_MODEL_CONTROL_NONE;
  std::set<std::string> startup_models;  // in explicit mode; "*" alone: all
  std::string model_config_name;
  PollOptions poll;
  AgentOptions agents;
  LifecycleOptions lifecycle;
  ObjectStorageOptions objects;
};

// A model that a load would bring, or find there.
struct LoadCandidate {
  std::string id;
  std::string backend{};         // as its configuration has it
  uint64_t file_bytes = 0;       // below the folders of the versions that its policy chooses
  uint64_t fingerprint = 0;      // of its folder
  std::set<int64_t> versions{};  // that its policy chooses; none: not known
  Status complaint{};            // why it will not load, if its versions tell
  bool serves = false;
};

// Thread-safe.
class ModelRepository {
 public:
  // Errors: kInvalidArg without paths.
  static Expected<std::unique_ptr<ModelRepository>> Create(RepositoryOptions options, VersionLoader& loader);

  // Whether the repositories are there. Errors: those of Storages::CheckRepository.
  Status CheckPaths() const;
  // Loads what the control mode asks for; what can be loaded is. Error: kInternal "failed to load all models".
  Status LoadStartupModels();
  // What LoadStartupModels could not load, and why, but for what was unloaded since, or has gone.
  std::map<std::string, std::string> StartupFailures() const;

  // Explicit mode only (else kUnavailable). Load returns when loading has finished, Unload when it has begun; a load that
  // takes long it ends, if that can be. `name` is an id as well; where models have namespaces, a name means all that
  // have it.
  // Errors of Load: kInternal when the folder or its configuration is unusable (the log says why), kInvalidArg
  // otherwise.
  Status LoadModel(const std::string& name, const std::vector<LoadParameter>& parameters);
  Status UnloadModel(const std::string& name, bool unload_dependents);
  // `name_mapping`: folder name -> model name, for the folders that are served under another name.
  Status RegisterRepository(const std::string& path, const std::map<std::string, std::string>& name_mapping);
  Status UnregisterRepository(const std::string& path);

  // Poll mode only (else kUnavailable). Loads what is new or has changed in the repositories, and unloads what is gone.
  // Returns when that is done; what fails is logged and tried again at the next call. Errors: a repository cannot be
  // listed, then nothing is changed.
  Status PollChanges(PollCare care);

  // Reads the repositories' folders. By id, then version.
  std::vector<ModelIndexEntry> Index(bool ready_only) const;

  // The agents that have seen models, by name.
  std::vector<std::shared_ptr<RepositoryAgent>> Agents() const;
  // What LoadModel(name, {}) would have to do with now, ensembles' models included. Runs no agents. Errors: kNotFound; what
  // makes a folder unusable.
  Expected<std::vector<LoadCandidate>> PreviewLoad(const std::string& name) const;
  // Whether a load would bring this version as far as the model's own folder tells. `version`: -1 is any. Errors: those of
  // PreviewLoad; kNotFound for a version that its policy does not choose.
  Status CheckLoadable(const std::string& name, int64_t version) const;
  // Changes whenever a file of the model does. Errors: kNotFound; that its folder cannot be read.
  Expected<uint64_t> FingerprintOf(const std::string& name) const;
  // Reads the repositories' folders: the ids of those that can be loaded as far as their places tell.
  std::set<std::string> ListModels() const;
  // The ensembles that serve, by each model that they call directly or through others.
  std::map<std::string, std::set<std::string>> EnsemblesByModel() const;

  // Unloads everything; returns at once.
  void UnloadAll();

  const Storages& storages() const { return storages_; }
  ModelLifecycle& lifecycle() { return lifecycle_; }
  const ModelLifecycle& lifecycle() const { return lifecycle_; }

 private:
  struct Location {
    const Storage* storage = nullptr;
    std::string name_space;
    std::string name;  // as it is served
    std::string path;
    bool is_mapped = false;
    bool is_duplicate = false;
  };
  struct Override {
    std::optional<inference::ModelConfig> config;
    std::vector<const LoadParameter*> files;
  };
  // A configuration that a load request brought; it stays in force while the folder stays as it was.
  struct KeptOverride {
    inference::ModelConfig config;
    std::string location;
    uint64_t fingerprint = 0;
  };
  // What repository agents have made of a folder; of one that no agent sees, nothing.
  struct AgentRun {
    AgentOutcome outcome;
    LocalFolder local;  // the model's, on this machine
  };
  using Locations = std::map<std::string, Location>;  // by id

  ModelRepository(RepositoryOptions options, VersionLoader& loader);

  Expected<Locations> ListAll() const;
  // The ids of these names; of those that no repository has, the names.
  static std::set<std::string> IdsOf(const std::set<std::string>& names, const Locations& locations);
  std::string NamespaceOf(const std::string& repository) const {
    return options_.lifecycle.namespacing ? repository : "";
  }
  bool IsRepository(const std::string& path) const;
  // The namespace, which may be empty, and the name of what a request calls by its name or its id.
  std::pair<std::string, std::string> PartsOf(const std::string& name) const;
  // The models of this name, or the one of this id. Empty: no repository has it.
  Locations Locate(const std::string& wanted) const;
  // One at least. Errors: kInvalidArg for what is no name of a model; kNotFound.
  Expected<Locations> LocateSome(const std::string& name) const;
  static void AddLocation(Location location, Locations& locations);
  Expected<Override> ParseOverride(const std::vector<LoadParameter>& parameters) const;
  // The models of this name, by id; at least one. Error: one cannot be read.
  Expected<std::map<std::string, PolledModel>> Poll(const std::string& name, const Override& changes) const;
  Expected<PolledModel> PollFolder(const Location& location,
                                   const std::optional<inference::ModelConfig>& config_override,
                                   bool is_retry = false) const;
  // Keeps why the model's folder could not be read, for the index; or that it could.
  void NotePoll(const std::string& id, const Status& polled) const;
  // The agents that see the model; with those that it asks for itself its configuration, as it is given.
  Expected<std::vector<AgentWish>> AgentsOf(const FolderSnapshot& folder,
                                            const std::optional<inference::ModelConfig>& config_override,
                                            inference::ModelConfig& config) const;
  Expected<AgentOutcome> StartAgents(const Location& location, AgentSource source,
                                     const std::vector<AgentWish>& wishes) const;
  // `keeper` keeps the folder, if it has none in its storage.
  Expected<AgentRun> RunAgents(const Location& location, const FolderSnapshot& folder,
                               const std::optional<inference::ModelConfig>& config_override,
                               std::shared_ptr<const void> keeper = nullptr) const;
  // The model that `folder` and what agents have made of it show.
  Expected<PolledModel> PollSnapshot(const Location& location, const FolderSnapshot& folder,
                                     const std::optional<inference::ModelConfig>& config_override,
                                     std::shared_ptr<const void> keeper = nullptr) const;
  Expected<PolledModel> PollFiles(const std::string& wanted, const Override& changes) const;
  // `called` gets the models that it calls.
  Expected<LoadCandidate> PreviewFolder(const Location& location, std::vector<std::string>& called) const;
  std::optional<inference::ModelConfig> KeptOverrideFor(const std::string& id, const FolderSnapshot& folder) const;
  // Polls `ids` side by side. Failures come back by id, and are logged, those of `retries` for who looks closely.
  std::map<std::string, Status> PollMany(const std::set<std::string>& ids, const std::set<std::string>& retries,
                                         const Locations& locations, std::map<std::string, PolledModel>& polled) const;
  // Calls `work` with each number below `count`, on the threads that load if there are many.
  void SideBySide(size_t count, const std::function<void(size_t)>& work) const;
  FolderTracker::Looks LookAt(const Locations& locations) const;
  // Those that are still as `looks` have them, unless all are to be taken at once.
  void LoadChanged(const FolderTracker::Changes& changes, const Locations& locations, const FolderTracker::Looks& looks,
                   PollCare care);
  // Its ensembles end with it, and come back with it.
  void RemoveModel(const std::string& id);
  // It is neither loaded nor wanted any more.
  void ForgetLocked(const std::string& id) REQUIRES(mutex_);
  // Says for each step of an ensemble where its model is: in the ensemble's own repository, or else in the only one that
  // has it.
  void ResolveSteps(PolledModel& model) const;
  // Polls what the ensembles among `polled` need and is not there yet.
  void PollComposing(std::map<std::string, PolledModel>& polled) const;
  // The loaded ensembles that call models of `polled`, as they were loaded; not those in `polled`.
  std::map<std::string, PolledModel> UsersOfPolled(const std::map<std::string, PolledModel>& polled) const;
  // Loads in the order of dependencies. The errors by model. An ensemble that fails serves no more: its models are not
  // those any more that it was made for.
  std::map<std::string, Status> LoadPolled(std::map<std::string, PolledModel> polled,
                                           const std::set<std::string>& explicitly);
  // Checks an ensemble against its models, which have been loaded before it, or have failed. It is to be built anew
  // when one of them has been.
  Status PrepareEnsemble(PolledModel& model, const std::map<std::string, PolledModel>& polled,
                         const std::map<std::string, Status>& failures) const;
  // Logs what of the repositories' layout looks like a mistake.
  void TellWhatIsOdd(const std::set<std::string>& wanted) const;
  void KeepOverride(const PolledModel& model) REQUIRES(mutex_);
  Status CheckControlMode() const;

  // Ids that an operation works on; others wait.
  class Operation;

  const RepositoryOptions options_;
  const Storages storages_;
  mutable RepositoryAgents agents_;  // started by models that are only looked at
  mutable AgentChains agent_chains_;
  ModelLifecycle lifecycle_;
  FolderTracker tracker_;  // confined to the start and to polls, which follow each other
  mutable Mutex mutex_;
  CondVar operation_ended_;
  std::set<std::string> paths_ GUARDED_BY(mutex_);
  std::map<std::string, std::map<std::string, std::string>> mappings_ GUARDED_BY(mutex_);  // path -> folder -> name
  std::set<std::string> busy_ GUARDED_BY(mutex_);
  std::multiset<std::string> to_unload_ GUARDED_BY(mutex_);  // for which unloads wait
  // What was loaded and not unloaded by request. Ensembles stay in it when they lose a model, for when that comes back.
  DependencyGraph loaded_ GUARDED_BY(mutex_);
  std::map<std::string, PolledModel> ensembles_ GUARDED_BY(mutex_);  // those in loaded_, as they were read
  std::map<std::string, KeptOverride> kept_overrides_ GUARDED_BY(mutex_);
  std::map<std::string, std::string> startup_failures_ GUARDED_BY(mutex_);       // reasons by name
  mutable std::map<std::string, std::string> poll_failures_ GUARDED_BY(mutex_);  // of the last try, by id
};

}  // namespace neso
