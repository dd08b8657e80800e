#include "repository/serving_table.h"

#include <mutex>
#include <utility>

#include "config/model_id.h"

namespace neso {

void ServingTable::Publish(const std::string& id, std::vector<ModelHandle> versions) {
  // What is replaced is dropped outside the locks: it may be the last reference.
  std::vector<ModelHandle> listed = versions;
  {
    MutexLock lock(list_mutex_);
    std::swap(list_[id], listed);
    if (const auto it = list_.find(id); it->second.empty()) list_.erase(it);
  }
  {
    std::unique_lock lock(mutex_);
    if (namespacing_) Name(id, !versions.empty());
    std::swap(models_[id], versions);
    if (const auto it = models_.find(id); it->second.empty()) models_.erase(it);
  }
}

void ServingTable::Name(const std::string& id, bool serves) {
  const std::string name = NameOfId(id);
  std::set<std::string>& same = ids_[name];
  if (serves) {
    same.insert(id);
  } else {
    same.erase(id);
  }
  if (same.empty()) ids_.erase(name);
}

const std::vector<ModelHandle>* ServingTable::Lookup(std::string_view name) const {
  auto found = models_.find(name);
  if (found == models_.end() && !ids_.empty()) {
    const auto ids = ids_.find(name);
    if (ids != ids_.end() && ids->second.size() == 1) found = models_.find(*ids->second.begin());
  }
  return found == models_.end() ? nullptr : &found->second;
}

ModelHandle ServingTable::Find(std::string_view name, int64_t version) const {
  std::shared_lock lock(mutex_);
  const std::vector<ModelHandle>* const versions = Lookup(name);
  if (versions == nullptr) return nullptr;
  if (version == -1) return versions->back();
  for (const ModelHandle& model : *versions) {
    if (model->version() == version) return model;
  }
  return nullptr;
}

std::vector<ModelHandle> ServingTable::Versions(std::string_view name) const {
  std::shared_lock lock(mutex_);
  const std::vector<ModelHandle>* const versions = Lookup(name);
  return versions == nullptr ? std::vector<ModelHandle>() : *versions;
}

std::set<std::string> ServingTable::IdsOf(std::string_view name) const {
  std::shared_lock lock(mutex_);
  const auto ids = ids_.find(name);
  return ids == ids_.end() ? std::set<std::string>() : ids->second;
}

std::vector<ModelHandle> ServingTable::All() const {
  std::vector<ModelHandle> all;
  MutexLock lock(list_mutex_);
  for (const auto& [id, versions] : list_) all.insert(all.end(), versions.begin(), versions.end());
  return all;
}

}  // namespace neso
