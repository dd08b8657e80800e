// The chains of agents that models are loaded by, so that a load of a folder that has not changed does not go through
// its agents again.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "repository/agents/agent_chain.h"
#include "repository/storage/storage.h"

namespace neso {

// What the agents of a chain have made of a folder.
struct AgentOutcome {
  std::shared_ptr<AgentChain> chain;
  std::shared_ptr<const FolderSnapshot> moved;  // the folder that they have chosen, as it was then; null: none
};

// Thread-safe. Owns no chain.
class AgentChains {
 public:
  // Of the model `id`, what came of a start from what `fingerprint` tells, and is in use. No chain: there is nothing.
  AgentOutcome Find(const std::string& id, uint64_t fingerprint) const;
  void Add(const std::string& id, const AgentOutcome& outcome);

 private:
  struct Entry {
    std::weak_ptr<AgentChain> chain;
    std::shared_ptr<const FolderSnapshot> moved;
  };

  mutable Mutex mutex_;
  // More than one while a load goes on.
  std::map<std::string, std::vector<Entry>> entries_ GUARDED_BY(mutex_);
};

}  // namespace neso
