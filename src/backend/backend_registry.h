// The plug-ins that are loaded, one object for each library however many models use it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "backend/backend.h"
#include "backend/backend_options.h"
#include "backend/library_search.h"
#include "base/mutex.h"
#include "base/status.h"

namespace neso {

// Thread-safe. The backends are finalised when this and the last model of each are gone.
class BackendRegistry {
 public:
  // `options` and `memory` are borrowed.
  BackendRegistry(const BackendOptions& options, PluginMemory& memory) : options_(options), memory_(memory) {}

  // The backend of `library`, loaded now if it is not there yet. Two models may ask at the same time; a failure is not
  // remembered. Errors: as Backend::Load.
  Expected<std::shared_ptr<Backend>> Get(const std::string& name, const BackendLibrary& library);
  // Sorted by name.
  std::vector<std::shared_ptr<Backend>> All() const;

 private:
  struct Entry {
    std::shared_ptr<Backend> backend;  // null: not loaded yet
    bool is_loading = false;           // by somebody, with no lock held: a library's start may take its time
  };
  // What Get returns at once: a backend that is there, or null when the caller is to load it. Waits for others who do.
  std::shared_ptr<Backend> FindOrClaim(const std::string& identity);

  const BackendOptions& options_;
  PluginMemory& memory_;
  mutable Mutex mutex_;
  CondVar load_ended_;
  std::map<std::string, Entry> entries_ GUARDED_BY(mutex_);  // by BackendLibrary::Identity
};

}  // namespace neso
