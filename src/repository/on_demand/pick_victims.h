// Which loaded models leave, so that others have room, or because nobody has asked them for long. Pure functions: no clock, no
// lock, no disk.
#pragma once

#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "repository/on_demand/memory_use.h"

namespace neso {

struct LoadedModel {
  std::string name;
  MemoryUse use{};
  TimePoint last_use{};
  bool is_in_use = false;             // requests or sequences have it
  bool is_pinned = false;             // it stays until somebody unloads it
  std::set<std::string> ensembles{};  // loaded ones that call it, by whatever way: they go before it
};

struct Victims {
  std::vector<std::string> names;  // in the order in which they are to be unloaded
  bool is_enough = false;          // with them gone, nothing of the excess is left
};

// The least recently used first, and of them only such as have of what is short. Nobody leaves who is in use or pinned, or
// called by an ensemble that is; an ensemble that leaves before a model of its own counts with its last use.
Victims PickVictims(std::span<const LoadedModel> models, const MemoryUse& excess);

// Those that nobody has used since `since`.
std::vector<std::string> PickIdle(std::span<const LoadedModel> models, TimePoint since);

}  // namespace neso
