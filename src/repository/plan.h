// What to do about the versions of a model, and in which order about models that depend on each other. Pure functions:
// no clock, no lock, no disk.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace neso {

// How a configuration differs from the one that is served.
enum class ConfigChange : uint8_t {
  kNone,
  kInPlace,  // at most instance_group and version_policy
  kReload,   // anything else, or a file that all versions share
};

struct KnownVersion {
  int64_t version;
  bool is_ready;
  uint64_t fingerprint;  // of the files it was loaded from
  bool is_lost = false;  // serves errors only: it is loaded again, whatever has changed
};

struct WantedVersion {
  int64_t version;
  uint64_t fingerprint;
};

enum class VersionActionKind : uint8_t { kKeep, kUpdateInPlace, kLoad, kUnload };

struct VersionAction {
  VersionActionKind kind;
  int64_t version;
  bool operator==(const VersionAction&) const = default;
};

// One action for each version that is wanted or ready, ascending. Unloads are meant for when all loads have succeeded.
std::vector<VersionAction> PlanVersions(std::span<const KnownVersion> known, std::span<const WantedVersion> wanted,
                                        ConfigChange change);

// What a model needs of others.
struct ModelDependencies {
  std::set<std::string> composing;  // models that an ensemble calls; empty for others
  bool explicitly_loaded = false;   // asked for by name, not only by an ensemble
};
using DependencyGraph = std::map<std::string, ModelDependencies>;

// Groups of `names`, such that each model comes in a later group than those it needs (of `names`). Models in a circle
// come together in the last group, where their validation fails.
std::vector<std::vector<std::string>> PlanLoadOrder(const DependencyGraph& graph, const std::set<std::string>& names);

// The ensembles in `graph` that call one of `names`, directly or through other ensembles, but for `names` themselves.
std::set<std::string> UsersOf(const DependencyGraph& graph, const std::set<std::string>& names);

// The loaded models to unload with `name`, in this order: the ensembles that need it, itself, and with `dependents` the
// models that it calls and nobody else wants.
std::vector<std::string> PlanUnload(const DependencyGraph& loaded, const std::string& name, bool dependents);

}  // namespace neso
