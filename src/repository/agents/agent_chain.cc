#include "repository/agents/agent_chain.h"

#include <utility>

#include "base/log.h"
#include "base/log_scope.h"

namespace neso {

Expected<std::shared_ptr<AgentChain>> AgentChain::Load(const std::vector<AgentWish>& wishes, AgentSource source,
                                                       const FindAgent& find_agent,
                                                       const ReadAgentConfig& read_config) {
  std::shared_ptr<AgentChain> chain(new AgentChain(std::move(source)));
  for (const AgentWish& wish : wishes) {
    ASSIGN_OR_RETURN(std::shared_ptr<RepositoryAgent> agent, find_agent(wish.name));
    RETURN_IF_ERROR(chain->LoadOne(std::move(agent), wish, read_config));
  }
  return chain;
}

Status AgentChain::LoadOne(std::shared_ptr<RepositoryAgent> agent, const AgentWish& wish,
                           const ReadAgentConfig& read_config) {
  inference::ModelConfig config = has_moved() ? read_config(location()) : source_.config;
  auto model = std::make_unique<AgentModel>(std::move(agent), wish.parameters, location(), std::move(config));
  RETURN_IF_ERROR(model->Initialize());
  Status loaded = model->Act(TRITONREPOAGENT_ACTION_LOAD);
  if (!loaded.ok()) {
    TellOne(*model, TRITONREPOAGENT_ACTION_LOAD_FAIL);
    return loaded;
  }
  models_.push_back(std::move(model));
  return {};
}

AgentChain::~AgentChain() {
  const bool was_loading = Advance(Phase::kLoading, Phase::kFailed);
  Unload();
  if (Advance(Phase::kUnloading, Phase::kUnloaded)) Tell(TRITONREPOAGENT_ACTION_UNLOAD_COMPLETE);
  for (std::unique_ptr<AgentModel>& model : models_) {
    if (was_loading) TellOne(*model, TRITONREPOAGENT_ACTION_LOAD_FAIL);
    model.reset();
  }
}

const std::string& AgentChain::location() const {
  return models_.empty() ? source_.location : models_.back()->location();
}

TRITONREPOAGENT_ArtifactType AgentChain::artifact_type() const {
  return models_.empty() ? TRITONREPOAGENT_ARTIFACT_FILESYSTEM : models_.back()->artifact_type();
}

bool AgentChain::IsInUse() const {
  MutexLock lock(mutex_);
  return phase_ == Phase::kLoading || phase_ == Phase::kLoaded;
}

void AgentChain::LoadComplete() {
  if (Advance(Phase::kLoading, Phase::kLoaded)) Tell(TRITONREPOAGENT_ACTION_LOAD_COMPLETE);
}

void AgentChain::LoadFail() {
  if (Advance(Phase::kLoading, Phase::kFailed)) Tell(TRITONREPOAGENT_ACTION_LOAD_FAIL);
}

void AgentChain::Unload() {
  if (Advance(Phase::kLoaded, Phase::kUnloading)) Tell(TRITONREPOAGENT_ACTION_UNLOAD);
}

bool AgentChain::Advance(Phase from, Phase to) {
  MutexLock lock(mutex_);
  if (phase_ != from) return false;
  phase_ = to;
  return true;
}

void AgentChain::Tell(TRITONREPOAGENT_ActionType action) {
  if (action == TRITONREPOAGENT_ACTION_LOAD || action == TRITONREPOAGENT_ACTION_UNLOAD) {
    for (const auto& model : models_) TellOne(*model, action);
  } else {
    for (auto model = models_.rbegin(); model != models_.rend(); ++model) TellOne(**model, action);
  }
}

void AgentChain::TellOne(AgentModel& model, TRITONREPOAGENT_ActionType action) const {
  const LogScope scope({.model = source_.model});
  const Status status = model.Act(action);
  if (status.ok()) return;
  LOG_ERROR("repository agent '{}' returns error on {} of model '{}': {}", model.agent().name(),
            AgentActionName(action), source_.model, status.ToString());
}

}  // namespace neso
