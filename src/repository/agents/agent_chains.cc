#include "repository/agents/agent_chains.h"

#include <algorithm>

namespace neso {

AgentOutcome AgentChains::Find(const std::string& id, uint64_t fingerprint) const {
  // Beyond the lock: the last one who lets go of a chain calls its agents.
  std::vector<AgentOutcome> held;
  {
    MutexLock lock(mutex_);
    const auto known = entries_.find(id);
    if (known == entries_.end()) return {};
    for (const Entry& entry : known->second) held.push_back({entry.chain.lock(), entry.moved});
  }
  const auto found = std::ranges::find_if(held, [fingerprint](const AgentOutcome& outcome) {
    return outcome.chain != nullptr && outcome.chain->fingerprint() == fingerprint && outcome.chain->IsInUse();
  });
  return found == held.end() ? AgentOutcome() : std::move(*found);
}

void AgentChains::Add(const std::string& id, const AgentOutcome& outcome) {
  MutexLock lock(mutex_);
  std::vector<Entry>& entries = entries_[id];
  std::erase_if(entries, [](const Entry& known) { return known.chain.expired(); });
  entries.push_back({outcome.chain, outcome.moved});
}

}  // namespace neso
