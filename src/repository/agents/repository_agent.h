// A repository agent: the library libtritonrepoagent_<name>.so, which sees models before they are loaded and may check
// them or put others in their place.
//
//   RepositoryAgents agents("/opt/neso/repoagents");
//   ASSIGN_OR_RETURN(std::shared_ptr<RepositoryAgent> checksum, agents.Get("checksum"));
//
// Source: TRITONREPOAGENT_* of the C interface (triton/core/tritonrepoagent.h).
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "core/abi.h"

namespace neso {

// What the library implements; null where it does not. Only model_action is always there.
struct AgentFunctions {
  decltype(&TRITONREPOAGENT_Initialize) initialize = nullptr;
  decltype(&TRITONREPOAGENT_Finalize) finalize = nullptr;
  decltype(&TRITONREPOAGENT_ModelInitialize) model_initialize = nullptr;
  decltype(&TRITONREPOAGENT_ModelFinalize) model_finalize = nullptr;
  decltype(&TRITONREPOAGENT_ModelAction) model_action = nullptr;
};

// Constant after Open, but for the library's own state, which is its own to guard.
class RepositoryAgent final : public TRITONREPOAGENT_Agent {
 public:
  // Opens the library and runs TRITONREPOAGENT_Initialize. Errors: kInvalidArg "unable to find ..."; kNotFound as
  // SharedLibrary has it; what the library says.
  static Expected<std::shared_ptr<RepositoryAgent>> Open(const std::string& name, const std::string& directory);
  // One whose functions are found already.
  static Expected<std::shared_ptr<RepositoryAgent>> Start(std::string name, std::string path,
                                                          const AgentFunctions& functions);
  // Runs TRITONREPOAGENT_Finalize, also after an Initialize that failed.
  ~RepositoryAgent();
  RepositoryAgent(const RepositoryAgent&) = delete;
  RepositoryAgent& operator=(const RepositoryAgent&) = delete;

  const std::string& name() const { return name_; }
  const std::string& path() const { return path_; }
  const AgentFunctions& functions() const { return functions_; }
  void* state() const { return state_; }
  void set_state(void* state) { state_ = state; }

 private:
  RepositoryAgent(std::string name, std::string path, const AgentFunctions& functions)
      : name_(std::move(name)), path_(std::move(path)), functions_(functions) {}

  const std::string name_;
  const std::string path_;
  const AgentFunctions functions_;
  void* state_ = nullptr;
};

// The agents of a server, each started when a model first asks for it, and ended with the server. Thread-safe.
class RepositoryAgents {
 public:
  // `directory` has a folder for each agent.
  explicit RepositoryAgents(std::string directory) : directory_(std::move(directory)) {}

  // Errors: those of RepositoryAgent::Open; the next call tries again.
  Expected<std::shared_ptr<RepositoryAgent>> Get(const std::string& name);
  // Those that have been started, by name.
  std::vector<std::shared_ptr<RepositoryAgent>> All() const;

 private:
  struct Entry {
    bool is_starting = false;
    std::shared_ptr<RepositoryAgent> agent;
  };
  std::shared_ptr<RepositoryAgent> FindOrClaim(const std::string& name);

  const std::string directory_;
  mutable Mutex mutex_;
  CondVar start_ended_;
  std::map<std::string, Entry> entries_ GUARDED_BY(mutex_);
};

}  // namespace neso
