#include "repository/agents/agent_model.h"

#include "core/foreign_call.h"

namespace neso {

const char* AgentActionName(TRITONREPOAGENT_ActionType action) {
  switch (action) {
    case TRITONREPOAGENT_ACTION_LOAD: return "TRITONREPOAGENT_ACTION_LOAD";
    case TRITONREPOAGENT_ACTION_LOAD_COMPLETE: return "TRITONREPOAGENT_ACTION_LOAD_COMPLETE";
    case TRITONREPOAGENT_ACTION_LOAD_FAIL: return "TRITONREPOAGENT_ACTION_LOAD_FAIL";
    case TRITONREPOAGENT_ACTION_UNLOAD: return "TRITONREPOAGENT_ACTION_UNLOAD";
    case TRITONREPOAGENT_ACTION_UNLOAD_COMPLETE: return "TRITONREPOAGENT_ACTION_UNLOAD_COMPLETE";
  }
  return "an unknown action";
}

AgentModel::AgentModel(std::shared_ptr<RepositoryAgent> agent, AgentParameters parameters, std::string location,
                       inference::ModelConfig config)
    : agent_(std::move(agent)), parameters_(std::move(parameters)), config_(std::move(config)) {
  MutexLock lock(mutex_);
  locations_.push_back(std::move(location));
}

AgentModel::~AgentModel() {
  if (!initialize_called_) return;
  LogFailure(CallForeign("TRITONREPOAGENT_ModelFinalize", agent_->functions().model_finalize,
                         static_cast<TRITONREPOAGENT_Agent*>(agent_.get()),
                         static_cast<TRITONREPOAGENT_AgentModel*>(this)));
}

Status AgentModel::Initialize() {
  initialize_called_ = true;
  return CallForeign("TRITONREPOAGENT_ModelInitialize", agent_->functions().model_initialize,
                     static_cast<TRITONREPOAGENT_Agent*>(agent_.get()), static_cast<TRITONREPOAGENT_AgentModel*>(this));
}

Status AgentModel::Act(TRITONREPOAGENT_ActionType action) {
  {
    MutexLock lock(mutex_);
    action_ = action;
    is_loading_ = action == TRITONREPOAGENT_ACTION_LOAD;
  }
  Status status = CallForeign("TRITONREPOAGENT_ModelAction", agent_->functions().model_action,
                              static_cast<TRITONREPOAGENT_Agent*>(agent_.get()),
                              static_cast<TRITONREPOAGENT_AgentModel*>(this), action);
  MutexLock lock(mutex_);
  is_loading_ = false;
  return status;
}

const std::string& AgentModel::location() const {
  MutexLock lock(mutex_);
  return locations_.back();
}

TRITONREPOAGENT_ArtifactType AgentModel::artifact_type() const {
  MutexLock lock(mutex_);
  return artifact_type_;
}

Expected<const std::string*> AgentModel::Acquire(TRITONREPOAGENT_ArtifactType type) {
  if (type != TRITONREPOAGENT_ARTIFACT_FILESYSTEM) {
    return InvalidArg("Unexpected artifact type, expects 'TRITONREPOAGENT_ARTIFACT_FILESYSTEM'");
  }
  MutexLock lock(mutex_);
  if (acquired_ == nullptr) {
    ASSIGN_OR_RETURN(acquired_, TemporaryFolder::Create({}));
  }
  return &acquired_->path();
}

Status AgentModel::Release() {
  std::shared_ptr<const TemporaryFolder> released;
  {
    MutexLock lock(mutex_);
    if (acquired_ == nullptr) return Unavailable("No mutable location to be deleted");
    acquired_.swap(released);
  }
  return {};  // the folder is removed here, without the lock
}

Status AgentModel::Update(TRITONREPOAGENT_ArtifactType type, std::string location) {
  MutexLock lock(mutex_);
  if (!is_loading_) {
    return InvalidArg("location can only be updated during TRITONREPOAGENT_ACTION_LOAD, current action type is {}",
                      action_ ? AgentActionName(*action_) : "not set");
  }
  if (location.empty()) return InvalidArg("expected the location of a model, got an empty text");
  artifact_type_ = type;
  locations_.push_back(std::move(location));
  return {};
}

}  // namespace neso
