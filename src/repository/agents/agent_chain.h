// The agents that a model goes through on its way from the repository to its backend, and what they are told of its
// life.
//
//   ASSIGN_OR_RETURN(auto chain, AgentChain::Load(wishes, source, find_agent, read_config));
//   ... the model is loaded from chain->location() ...
//   chain->LoadComplete();   // or LoadFail()
//   chain->Unload();         // its versions are about to go; once the last of them has let go of the chain, it ends
//
// Loading -> loaded -> unloading -> gone; loading -> failed. Who lets go of the chain early has it led to its end:
// LOAD_FAIL, or UNLOAD and UNLOAD_COMPLETE. LOAD and UNLOAD reach the agents in their order, the rest in reverse; if a LOAD
// fails, the agent that it was is the first to end, and then those before it, as with Triton.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "config/model_config.pb.h"
#include "repository/agents/agent_model.h"
#include "repository/agents/repository_agent.h"

namespace neso {

// An agent that a model, or the server's operator, asks for.
struct AgentWish {
  std::string name;
  AgentParameters parameters;
};

// What a chain starts from.
struct AgentSource {
  std::string model;                   // its id, for the log
  std::string location;                // a folder of this machine
  std::shared_ptr<const void> keeper;  // of that folder, if it needs one
  inference::ModelConfig config;
  // Changes with whatever the agents go by: the folder's content, and the configuration of a load request.
  uint64_t fingerprint = 0;
};

using FindAgent = std::function<Expected<std::shared_ptr<RepositoryAgent>>(const std::string& name)>;
// The configuration of a folder that an agent has chosen.
using ReadAgentConfig = std::function<inference::ModelConfig(const std::string& location)>;

// Thread-safe.
class AgentChain {
 public:
  // Has each agent LOAD the model, where the one before it has put it. Error: the first of an agent's; those that have
  // begun get LOAD_FAIL then.
  static Expected<std::shared_ptr<AgentChain>> Load(const std::vector<AgentWish>& wishes, AgentSource source,
                                                    const FindAgent& find_agent, const ReadAgentConfig& read_config);
  ~AgentChain();
  AgentChain(const AgentChain&) = delete;
  AgentChain& operator=(const AgentChain&) = delete;

  // Where the model is to be loaded from; there as long as the chain is.
  const std::string& location() const;
  TRITONREPOAGENT_ArtifactType artifact_type() const;
  // Whether an agent has put the model elsewhere.
  bool has_moved() const { return location() != source_.location; }
  uint64_t fingerprint() const { return source_.fingerprint; }
  // Whether the model is loading or loaded: what the agents have made of it can be used again.
  bool IsInUse() const;

  // Each is told once, and only where it follows; agents' errors are logged.
  void LoadComplete();
  void LoadFail();
  void Unload();

 private:
  enum class Phase : uint8_t { kLoading, kLoaded, kFailed, kUnloading, kUnloaded };

  explicit AgentChain(AgentSource source) : source_(std::move(source)) {}
  Status LoadOne(std::shared_ptr<RepositoryAgent> agent, const AgentWish& wish, const ReadAgentConfig& read_config);
  // False if the chain is in another phase.
  bool Advance(Phase from, Phase to);
  void Tell(TRITONREPOAGENT_ActionType action);
  void TellOne(AgentModel& model, TRITONREPOAGENT_ActionType action) const;

  AgentSource source_;
  std::vector<std::unique_ptr<AgentModel>> models_;  // constant after Load
  mutable Mutex mutex_;
  Phase phase_ GUARDED_BY(mutex_) = Phase::kLoading;
};

}  // namespace neso
