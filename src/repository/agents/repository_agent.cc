#include "repository/agents/repository_agent.h"

#include <unistd.h>

#include <utility>

#include "base/catch_exceptions.h"
#include "base/log.h"
#include "base/shared_library.h"
#include "core/foreign_call.h"

namespace neso {
namespace {

// An agent's name is one folder's name; anything else would leave the folder of agents.
bool IsFolderName(const std::string& name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos;
}

AgentFunctions FindFunctions(const SharedLibrary& library) {
  AgentFunctions functions;
  functions.initialize = library.Find<decltype(TRITONREPOAGENT_Initialize)>("TRITONREPOAGENT_Initialize");
  functions.finalize = library.Find<decltype(TRITONREPOAGENT_Finalize)>("TRITONREPOAGENT_Finalize");
  functions.model_initialize =
      library.Find<decltype(TRITONREPOAGENT_ModelInitialize)>("TRITONREPOAGENT_ModelInitialize");
  functions.model_finalize = library.Find<decltype(TRITONREPOAGENT_ModelFinalize)>("TRITONREPOAGENT_ModelFinalize");
  functions.model_action = library.Find<decltype(TRITONREPOAGENT_ModelAction)>("TRITONREPOAGENT_ModelAction");
  return functions;
}

}  // namespace

Expected<std::shared_ptr<RepositoryAgent>> RepositoryAgent::Open(const std::string& name,
                                                                 const std::string& directory) {
  const std::string file = "libtritonrepoagent_" + name + ".so";
  const std::string path = directory + "/" + name + "/" + file;
  if (!IsFolderName(name) || access(path.c_str(), F_OK) != 0) {
    return InvalidArg("unable to find '{}' for repo agent '{}', searched: {}", file, name, directory);
  }
  ASSIGN_OR_RETURN(const SharedLibrary library, SharedLibrary::Open(path));
  RETURN_IF_ERROR(library.Require("TRITONREPOAGENT_ModelAction"));
  ASSIGN_OR_RETURN(std::shared_ptr<RepositoryAgent> agent, Start(name, path, FindFunctions(library)));
  LOG_INFO("repository agent '{}' sees models that ask for it ({})", name, path);
  return agent;
}

Expected<std::shared_ptr<RepositoryAgent>> RepositoryAgent::Start(std::string name, std::string path,
                                                                  const AgentFunctions& functions) {
  std::shared_ptr<RepositoryAgent> agent(new RepositoryAgent(std::move(name), std::move(path), functions));
  RETURN_IF_ERROR(CallForeign("TRITONREPOAGENT_Initialize", functions.initialize,
                              static_cast<TRITONREPOAGENT_Agent*>(agent.get())));
  return agent;
}

RepositoryAgent::~RepositoryAgent() {
  LogFailure(CallForeign("TRITONREPOAGENT_Finalize", functions_.finalize, static_cast<TRITONREPOAGENT_Agent*>(this)));
}

Expected<std::shared_ptr<RepositoryAgent>> RepositoryAgents::Get(const std::string& name) {
  if (std::shared_ptr<RepositoryAgent> started = FindOrClaim(name)) return started;
  Expected<std::shared_ptr<RepositoryAgent>> agent =
      CatchExceptions([&] { return RepositoryAgent::Open(name, directory_); });
  MutexLock lock(mutex_);
  Entry& entry = entries_[name];
  entry.is_starting = false;
  if (agent) {
    entry.agent = *agent;
  } else {
    entries_.erase(name);  // whatever names models bring
  }
  start_ended_.NotifyAll();
  return agent;
}

std::shared_ptr<RepositoryAgent> RepositoryAgents::FindOrClaim(const std::string& name) {
  MutexLock lock(mutex_);
  // The entry of a start that fails is gone afterwards.
  while (entries_[name].is_starting) start_ended_.Wait(mutex_);
  Entry& entry = entries_[name];
  if (entry.agent == nullptr) entry.is_starting = true;
  return entry.agent;
}

std::vector<std::shared_ptr<RepositoryAgent>> RepositoryAgents::All() const {
  std::vector<std::shared_ptr<RepositoryAgent>> agents;
  MutexLock lock(mutex_);
  for (const auto& [name, entry] : entries_) {
    if (entry.agent != nullptr) agents.push_back(entry.agent);
  }
  return agents;
}

}  // namespace neso
