#include "repository/plan.h"

#include <algorithm>

namespace neso {
namespace {

bool Needs(const DependencyGraph& graph, const std::string& model, const std::string& needed) {
  const auto it = graph.find(model);
  return it != graph.end() && it->second.composing.contains(needed);
}

// Adds `name` after every model that needs it.
void AddWithUsers(const DependencyGraph& loaded, const std::string& name, std::vector<std::string>& order) {
  if (std::find(order.begin(), order.end(), name) != order.end()) return;
  for (const auto& [user, dependencies] : loaded) {
    if (user != name && dependencies.composing.contains(name)) AddWithUsers(loaded, user, order);
  }
  if (std::find(order.begin(), order.end(), name) == order.end()) order.push_back(name);
}

}  // namespace

std::vector<VersionAction> PlanVersions(std::span<const KnownVersion> known, std::span<const WantedVersion> wanted,
                                        ConfigChange change) {
  std::map<int64_t, VersionAction> actions;
  for (const KnownVersion& version : known) {
    if (version.is_ready) actions[version.version] = {VersionActionKind::kUnload, version.version};
  }
  for (const WantedVersion& version : wanted) {
    const auto ready = std::find_if(known.begin(), known.end(), [&](const KnownVersion& candidate) {
      return candidate.version == version.version && candidate.is_ready;
    });
    VersionActionKind kind = VersionActionKind::kLoad;
    const bool is_as_wanted = ready != known.end() && !ready->is_lost && ready->fingerprint == version.fingerprint;
    if (is_as_wanted && change != ConfigChange::kReload) {
      kind = change == ConfigChange::kNone ? VersionActionKind::kKeep : VersionActionKind::kUpdateInPlace;
    }
    actions[version.version] = {kind, version.version};
  }
  std::vector<VersionAction> plan;
  plan.reserve(actions.size());
  for (const auto& [version, action] : actions) plan.push_back(action);
  return plan;
}

std::vector<std::vector<std::string>> PlanLoadOrder(const DependencyGraph& graph, const std::set<std::string>& names) {
  std::vector<std::vector<std::string>> groups;
  std::set<std::string> left = names;
  while (!left.empty()) {
    std::vector<std::string> group;
    for (const std::string& name : left) {
      const auto it = graph.find(name);
      const bool waits = it != graph.end() && std::any_of(it->second.composing.begin(), it->second.composing.end(),
                                                          [&](const std::string& n) { return left.contains(n); });
      if (!waits) group.push_back(name);
    }
    if (group.empty()) group.assign(left.begin(), left.end());
    for (const std::string& name : group) left.erase(name);
    groups.push_back(std::move(group));
  }
  return groups;
}

std::set<std::string> UsersOf(const DependencyGraph& graph, const std::set<std::string>& names) {
  std::set<std::string> users;
  std::vector<std::string> open(names.begin(), names.end());
  while (!open.empty()) {
    const std::string needed = std::move(open.back());
    open.pop_back();
    for (const auto& [user, dependencies] : graph) {
      if (!dependencies.composing.contains(needed) || names.contains(user)) continue;
      if (users.insert(user).second) open.push_back(user);
    }
  }
  return users;
}

std::vector<std::string> PlanUnload(const DependencyGraph& loaded, const std::string& name, bool dependents) {
  std::vector<std::string> order;
  if (!loaded.contains(name)) return order;
  AddWithUsers(loaded, name, order);
  if (!dependents) return order;

  // What the unloaded ensembles called, as long as no model that stays needs it.
  for (size_t i = 0; i < order.size(); ++i) {
    const auto it = loaded.find(order[i]);
    for (const std::string& composing : it->second.composing) {
      const auto candidate = loaded.find(composing);
      if (candidate == loaded.end() || candidate->second.explicitly_loaded) continue;
      if (std::find(order.begin(), order.end(), composing) != order.end()) continue;
      const bool wanted = std::any_of(loaded.begin(), loaded.end(), [&](const auto& other) {
        return Needs(loaded, other.first, composing) &&
               std::find(order.begin(), order.end(), other.first) == order.end();
      });
      if (!wanted) order.push_back(composing);
    }
  }
  return order;
}

}  // namespace neso
