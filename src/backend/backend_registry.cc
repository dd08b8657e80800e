#include "backend/backend_registry.h"

#include <algorithm>

#include "backend/backend_config.h"
#include "base/catch_exceptions.h"

namespace neso {

Expected<std::shared_ptr<Backend>> BackendRegistry::Get(const std::string& name, const BackendLibrary& library) {
  const std::string identity = library.Identity();
  if (std::shared_ptr<Backend> loaded = FindOrClaim(identity)) return loaded;
  Expected<std::shared_ptr<Backend>> backend = CatchExceptions([&]() -> Expected<std::shared_ptr<Backend>> {
    ASSIGN_OR_RETURN(std::shared_ptr<Backend> loaded,
                     Backend::Load(name, library, BackendConfigJson(options_, name), memory_));
    return loaded;
  });
  MutexLock lock(mutex_);
  Entry& entry = entries_[identity];
  entry.is_loading = false;
  if (backend) entry.backend = *backend;
  load_ended_.NotifyAll();
  return backend;
}

std::shared_ptr<Backend> BackendRegistry::FindOrClaim(const std::string& identity) {
  MutexLock lock(mutex_);
  Entry& entry = entries_[identity];
  while (entry.is_loading) load_ended_.Wait(mutex_);
  if (entry.backend == nullptr) entry.is_loading = true;
  return entry.backend;
}

std::vector<std::shared_ptr<Backend>> BackendRegistry::All() const {
  std::vector<std::shared_ptr<Backend>> backends;
  {
    MutexLock lock(mutex_);
    for (const auto& [identity, entry] : entries_) {
      if (entry.backend != nullptr) backends.push_back(entry.backend);
    }
  }
  std::sort(backends.begin(), backends.end(), [](const auto& a, const auto& b) { return a->name() < b->name(); });
  return backends;
}

}  // namespace neso
