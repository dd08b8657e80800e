// The plug-ins that are loaded, one object for each library however many models use it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "backend/backend.h"
#include "backend/load_model.h"
#include "base/mutex.h"

namespace neso {

// Thread-safe. The backends are finalised when this and the last model of each are gone.
class BackendRegistry {
 public:
  // `options` and `memory` are borrowed.
  BackendRegistry(const BackendOptions& options, MemoryManager& memory) : options_(options), memory_(memory) {}

  // The backend of `library`, loaded now if it is not there yet. Two models may ask at the same time; a failure is not
  // remembered. Errors: as Backend::Load.
  Expected<std::shared_ptr<Backend>> Get(const std::string& name, const BackendLibrary& library);
  // Sorted by name.
  std::vector<std::shared_ptr<Backend>> All() const;

 private:
  struct Entry {
    Mutex mutex;  // held while the library is loaded
    std::shared_ptr<Backend> backend GUARDED_BY(mutex);
  };
  const BackendOptions& options_;
  MemoryManager& memory_;
  mutable Mutex mutex_;
  std::map<std::string, std::shared_ptr<Entry>> entries_ GUARDED_BY(mutex_);  // by BackendLibrary::Identity
};

}  // namespace neso
