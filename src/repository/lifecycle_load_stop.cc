// The part of ModelLifecycle that ends loads which nobody wants any more.
#include "repository/lifecycle.h"

namespace neso {

Status ModelLifecycle::WhyStopped() const {
  return Unavailable("the load was ended: {}", loads_stopped_ ? "the server exits" : "the model is to be unloaded");
}

// Without the lock: who listens calls a plug-in.
void ModelLifecycle::StopLoads(const std::set<std::string>& ids) {
  std::map<std::string, std::stop_source> loads;
  {
    MutexLock lock(mutex_);
    for (const auto& [id, load] : loads_) {
      if (ids.contains(id)) loads.emplace(id, load);
    }
  }
  for (auto& [id, load] : loads) load.request_stop();
}

void ModelLifecycle::StopLoads() {
  std::map<std::string, std::stop_source> loads;
  {
    MutexLock lock(mutex_);
    loads_stopped_ = true;
    loads = loads_;
  }
  for (auto& [id, load] : loads) load.request_stop();
}

}  // namespace neso
