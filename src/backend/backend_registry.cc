#include "backend/backend_registry.h"

#include <algorithm>

#include "backend/backend_config.h"

namespace neso {

Expected<std::shared_ptr<Backend>> BackendRegistry::Get(const std::string& name, const BackendLibrary& library) {
  std::shared_ptr<Entry> entry;
  {
    MutexLock lock(mutex_);
    std::shared_ptr<Entry>& slot = entries_[library.Identity()];
    if (slot == nullptr) slot = std::make_shared<Entry>();
    entry = slot;
  }
  MutexLock lock(entry->mutex);
  if (entry->backend == nullptr) {
    ASSIGN_OR_RETURN(entry->backend, Backend::Load(name, library, BackendConfigJson(options_, name), memory_));
  }
  return entry->backend;
}

std::vector<std::shared_ptr<Backend>> BackendRegistry::All() const {
  std::vector<std::shared_ptr<Entry>> entries;
  {
    MutexLock lock(mutex_);
    for (const auto& [identity, entry] : entries_) entries.push_back(entry);
  }
  std::vector<std::shared_ptr<Backend>> backends;
  for (const std::shared_ptr<Entry>& entry : entries) {
    MutexLock lock(entry->mutex);
    if (entry->backend != nullptr) backends.push_back(entry->backend);
  }
  std::sort(backends.begin(), backends.end(), [](const auto& a, const auto& b) { return a->name() < b->name(); });
  return backends;
}

}  // namespace neso
