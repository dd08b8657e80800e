// A model as one repository agent sees it: TRITONREPOAGENT_AgentModel.
#pragma once

#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "config/model_config.pb.h"
#include "core/abi.h"
#include "repository/agents/repository_agent.h"
#include "repository/temporary_folder.h"

namespace neso {

// What a model says to an agent, sorted by name.
using AgentParameters = std::vector<std::pair<std::string, std::string>>;

const char* AgentActionName(TRITONREPOAGENT_ActionType action);  // "TRITONREPOAGENT_ACTION_LOAD", ...

// What the agent calls is thread-safe; Initialize and Act are confined to whoever leads the model through its life.
class AgentModel final : public TRITONREPOAGENT_AgentModel {
 public:
  AgentModel(std::shared_ptr<RepositoryAgent> agent, AgentParameters parameters, std::string location,
             inference::ModelConfig config);
  // Runs TRITONREPOAGENT_ModelFinalize, also after an Initialize that failed; then removes what was acquired.
  ~AgentModel();
  AgentModel(const AgentModel&) = delete;
  AgentModel& operator=(const AgentModel&) = delete;

  // Runs TRITONREPOAGENT_ModelInitialize.
  Status Initialize();
  // Runs TRITONREPOAGENT_ModelAction.
  Status Act(TRITONREPOAGENT_ActionType action);
  const RepositoryAgent& agent() const { return *agent_; }

  // --- what the agent calls

  // Where the model is now. The text lives as long as the model.
  const std::string& location() const;
  TRITONREPOAGENT_ArtifactType artifact_type() const;
  // A new, empty folder; the same one until it is released. The text lives as long as the folder.
  // Errors: kInvalidArg for another type than FILESYSTEM; those of TemporaryFolder.
  Expected<const std::string*> Acquire(TRITONREPOAGENT_ArtifactType type);
  // Removes that folder. Error: kUnavailable "No mutable location to be deleted".
  Status Release();
  // Error: kInvalidArg except inside of TRITONREPOAGENT_ACTION_LOAD.
  Status Update(TRITONREPOAGENT_ArtifactType type, std::string location);

  const AgentParameters& parameters() const { return parameters_; }
  const inference::ModelConfig& config() const { return config_; }
  void* state() const { return state_; }
  void set_state(void* state) { state_ = state; }

 private:
  const std::shared_ptr<RepositoryAgent> agent_;
  const AgentParameters parameters_;
  const inference::ModelConfig config_;
  bool initialize_called_ = false;
  void* state_ = nullptr;

  mutable Mutex mutex_;
  std::list<std::string> locations_ GUARDED_BY(mutex_);  // the last one counts; agents may still read the others
  TRITONREPOAGENT_ArtifactType artifact_type_ GUARDED_BY(mutex_) = TRITONREPOAGENT_ARTIFACT_FILESYSTEM;
  std::shared_ptr<const TemporaryFolder> acquired_ GUARDED_BY(mutex_);
  std::optional<TRITONREPOAGENT_ActionType> action_ GUARDED_BY(mutex_);  // the last one
  bool is_loading_ GUARDED_BY(mutex_) = false;                           // inside of LOAD
};

}  // namespace neso
