#include "repository/serving_table.h"

#include <algorithm>
#include <mutex>
#include <utility>

namespace neso {

void ServingTable::Publish(const std::string& name, std::vector<ModelHandle> versions) {
  // What is replaced is dropped outside the lock: it may be the last reference.
  {
    std::unique_lock lock(mutex_);
    std::swap(models_[name], versions);
    if (const auto it = models_.find(name); it->second.empty()) models_.erase(it);
  }
}

ModelHandle ServingTable::Find(std::string_view name, int64_t version) const {
  std::shared_lock lock(mutex_);
  const auto it = models_.find(name);
  if (it == models_.end()) return nullptr;
  if (version == -1) return it->second.back();
  for (const ModelHandle& model : it->second) {
    if (model->version() == version) return model;
  }
  return nullptr;
}

std::vector<ModelHandle> ServingTable::Versions(std::string_view name) const {
  std::shared_lock lock(mutex_);
  const auto it = models_.find(name);
  return it == models_.end() ? std::vector<ModelHandle>() : it->second;
}

std::vector<ModelHandle> ServingTable::All() const {
  std::vector<ModelHandle> all;
  {
    std::shared_lock lock(mutex_);
    for (const auto& [name, versions] : models_) all.insert(all.end(), versions.begin(), versions.end());
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return std::pair<const std::string&, int64_t>(a->name(), a->version()) <
           std::pair<const std::string&, int64_t>(b->name(), b->version());
  });
  return all;
}

}  // namespace neso
