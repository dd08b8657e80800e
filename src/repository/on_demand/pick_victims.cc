#include "repository/on_demand/pick_victims.h"

#include <algorithm>
#include <map>

namespace neso {
namespace {

// A model with the ensembles that have to go before it.
struct Candidate {
  const LoadedModel* model;
  TimePoint last_use;
  std::vector<const LoadedModel*> ensembles;
};

// Those that may leave, the least recently used first.
std::vector<Candidate> Candidates(std::span<const LoadedModel> models) {
  std::map<std::string_view, const LoadedModel*> by_name;
  for (const LoadedModel& model : models) by_name[model.name] = &model;
  std::vector<Candidate> candidates;
  for (const LoadedModel& model : models) {
    Candidate candidate{.model = &model, .last_use = model.last_use, .ensembles = {}};
    bool may_leave = !model.is_in_use && !model.is_pinned;
    for (const std::string& name : model.ensembles) {
      const auto ensemble = by_name.find(name);
      if (ensemble == by_name.end()) continue;
      may_leave &= !ensemble->second->is_in_use && !ensemble->second->is_pinned;
      candidate.last_use = std::max(candidate.last_use, ensemble->second->last_use);
      candidate.ensembles.push_back(ensemble->second);
    }
    if (may_leave) candidates.push_back(std::move(candidate));
  }
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.last_use < b.last_use; });
  return candidates;
}

// An ensemble among the ensembles goes before those that it calls: it has fewer that call it.
void Leave(const Candidate& candidate, std::set<std::string_view>& gone, std::vector<std::string>& names) {
  std::vector<const LoadedModel*> leaving = candidate.ensembles;
  std::stable_sort(leaving.begin(), leaving.end(), [](const LoadedModel* a, const LoadedModel* b) {
    return a->ensembles.size() < b->ensembles.size();
  });
  leaving.push_back(candidate.model);
  for (const LoadedModel* model : leaving) {
    if (gone.insert(model->name).second) names.push_back(model->name);
  }
}

bool HasOfWhatIsShort(const MemoryUse& use, const MemoryUse& excess) {
  if (excess.host > 0 && use.host > 0) return true;
  return std::any_of(excess.gpus.begin(), excess.gpus.end(), [&](const auto& gpu) {
    const auto own = use.gpus.find(gpu.first);
    return gpu.second > 0 && own != use.gpus.end() && own->second > 0;
  });
}

}  // namespace

Victims PickVictims(std::span<const LoadedModel> models, const MemoryUse& excess) {
  Victims victims;
  MemoryUse left = excess;
  std::set<std::string_view> gone;
  for (const Candidate& candidate : Candidates(models)) {
    if (left.IsNothing()) break;
    if (gone.contains(candidate.model->name) || !HasOfWhatIsShort(candidate.model->use, left)) continue;
    const size_t before = victims.names.size();
    Leave(candidate, gone, victims.names);
    for (const LoadedModel& model : models) {
      if (std::find(victims.names.begin() + static_cast<ptrdiff_t>(before), victims.names.end(), model.name) !=
          victims.names.end()) {
        left -= model.use;
      }
    }
  }
  victims.is_enough = left.IsNothing();
  return victims;
}

std::vector<std::string> PickIdle(std::span<const LoadedModel> models, TimePoint since) {
  std::vector<std::string> names;
  std::set<std::string_view> gone;
  for (const Candidate& candidate : Candidates(models)) {
    if (candidate.last_use >= since) break;
    Leave(candidate, gone, names);
  }
  return names;
}

}  // namespace neso
