// What is to happen when the load that is under way is to end before its time: the model is to be unloaded, or the
// server stops.
//
//   Status Initialize() {
//     const OnLoadEnd on_end(model().handle(), [this] { process_.Kill(); });
//     return process_.WaitUntilReady();  // for ever, perhaps
//   }
#pragma once

#include <functional>
#include <utility>

#include "neso/backend/load_watch.h"
#include "neso/backend/log.h"
#include "neso/backend/status.h"

namespace neso::backend {

// Only within Initialize() of a model or an instance. In a server that tells nothing of it, nothing happens.
class OnLoadEnd {
 public:
  // `give_up` runs at most once, on any thread, and not any more when this has been destroyed. It throws nothing, and
  // does not wait for the initialisation.
  OnLoadEnd(TRITONBACKEND_Model* model, std::function<void()> give_up) : give_up_(std::move(give_up)) {
    if (NESOBACKEND_LoadWatchNew == nullptr) return;
    const auto call = [](void* self) { static_cast<OnLoadEnd*>(self)->give_up_(); };
    NESO_LOG_IF_ERROR(NESOBACKEND_LoadWatchNew(model, call, this, &watch_), "the end of a load is not watched");
  }
  ~OnLoadEnd() {
    if (watch_ == nullptr) return;
    NESO_LOG_IF_ERROR(NESOBACKEND_LoadWatchDelete(watch_), "the end of a load is still watched");
  }
  OnLoadEnd(const OnLoadEnd&) = delete;
  OnLoadEnd& operator=(const OnLoadEnd&) = delete;

 private:
  const std::function<void()> give_up_;
  NESOBACKEND_LoadWatch* watch_ = nullptr;
};

}  // namespace neso::backend
