#include "schedule/resource_table.h"

#include <algorithm>

#include "base/check.h"

namespace neso {

ResourceTable::ResourceTable(std::span<const ResourceLimit> limits) {
  for (const ResourceLimit& limit : limits) {
    const auto [known, is_new] = limits_.try_emplace({limit.device, limit.name}, limit.count);
    if (!is_new) known->second = std::min(known->second, limit.count);
  }
}

uint64_t ResourceTable::LimitOf(const Key& key) const {
  uint64_t largest = 0;
  for (const auto& [limited, count] : limits_) {
    const auto& [device, name] = limited;
    const bool applies = key.first == kGlobal || device == key.first || device == ResourceLimit::kEveryDevice;
    if (applies && name == key.second) largest = std::max(largest, count);
  }
  return largest;
}

Status ResourceTable::CheckLimit(const Key& key, uint64_t count) const {
  if (limits_.empty() || count <= LimitOf(key)) return {};
  return InvalidArg(
      "Resource count for \"{}\" is limited to {} which will prevent scheduling of one or more model instances, the "
      "minimum required count is {}",
      key.second, LimitOf(key), count);
}

Status ResourceTable::CheckKind(const Counts& counts) const {
  for (const auto& [key, count] : counts) {
    const auto& [device, name] = key;
    const auto known = uses_.find(name);
    Uses uses = known == uses_.end() ? Uses{} : known->second;
    for (const auto& [other, ignored] : counts) {
      if (other.second == name) ++(other.first == kGlobal ? uses.global : uses.of_devices);
    }
    if (uses.global == 0 || uses.of_devices == 0) continue;
    return InvalidArg(
        "Resource \"{}\" is present as both global and device-specific resource in the model "
        "configuration.",
        name);
  }
  return {};
}

Expected<std::vector<ResourceNeed>> ResourceTable::Add(const inference::ModelRateLimiter& limiter, int device) {
  Counts counts;
  for (const auto& resource : limiter.resources()) {
    counts[{resource.global() ? kGlobal : device, resource.name()}] = resource.count();
  }
  for (const auto& [key, count] : counts) RETURN_IF_ERROR(CheckLimit(key, count));
  RETURN_IF_ERROR(CheckKind(counts));

  std::vector<ResourceNeed> needs;
  for (const auto& [key, count] : counts) {
    const size_t place = PlaceOf(key);
    resources_[place].needs.insert(count);
    Refresh(place);
    needs.push_back({place, count});
  }
  return needs;
}

void ResourceTable::Remove(std::span<const ResourceNeed> needs) {
  for (const ResourceNeed& need : needs) {
    Resource& resource = resources_[need.resource];
    resource.needs.erase(resource.needs.find(need.count));
    resource.needs.empty() ? Vacate(need.resource) : Refresh(need.resource);
  }
}

void ResourceTable::Use(std::span<const ResourceNeed> needs) {
  for (const ResourceNeed& need : needs) {
    CHECK(need.count <= free_[need.resource], "nobody takes more of a resource than is free");
    resources_[need.resource].in_use += need.count;
    free_[need.resource] -= need.count;
  }
}

void ResourceTable::GiveBack(std::span<const ResourceNeed> needs) {
  for (const ResourceNeed& need : needs) {
    resources_[need.resource].in_use -= need.count;
    Refresh(need.resource);
  }
}

size_t ResourceTable::PlaceOf(const Key& key) {
  const auto [known, is_new] = places_.try_emplace(key, resources_.size());
  if (!is_new) return known->second;
  if (vacant_.empty()) {
    resources_.emplace_back();
    free_.push_back(0);
  } else {
    known->second = vacant_.back();
    vacant_.pop_back();
  }
  resources_[known->second].key = key;
  ++(key.first == kGlobal ? uses_[key.second].global : uses_[key.second].of_devices);
  return known->second;
}

void ResourceTable::Vacate(size_t place) {
  const Key key = std::move(resources_[place].key);
  places_.erase(key);
  Uses& uses = uses_[key.second];
  --(key.first == kGlobal ? uses.global : uses.of_devices);
  if (uses.global + uses.of_devices == 0) uses_.erase(key.second);
  free_[place] = 0;
  vacant_.push_back(place);
}

void ResourceTable::Refresh(size_t place) {
  const Resource& resource = resources_[place];
  const uint64_t total = limits_.empty() ? *resource.needs.rbegin() : LimitOf(resource.key);
  // More may be in use for a while, when the instance that needed most has left.
  free_[place] = total - std::min(total, resource.in_use);
}

}  // namespace neso
