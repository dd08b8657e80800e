// The responses of one request, of which the first is held up while those behind it come.
//
//   if (line.Takes(response, flags)) return;     // it waits for one that is held up
//   line.HoldUp();
//   ... later, perhaps on another thread, `response` is passed on ...
//   line.PassOnWaiting(factory);
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "core/response.h"

namespace neso {

// Thread-safe. Stands at ResponseStage::kCache.
class ResponseLine {
 public:
  // True: it is passed on when its turn has come.
  bool Takes(std::unique_ptr<InferenceResponse>& response, uint32_t flags) {
    MutexLock lock(mutex_);
    if (!is_held_up_) return false;
    waiting_.push_back({std::move(response), flags});
    return true;
  }
  void HoldUp() {
    MutexLock lock(mutex_);
    is_held_up_ = true;
  }
  // What waits follows the one that was held up, outside the lock, and nothing is held up any more.
  void PassOnWaiting(ResponseFactory& factory) {
    MutexLock lock(mutex_);
    while (!waiting_.empty()) {
      std::vector<Waiting> turn = std::exchange(waiting_, {});
      lock.Unlock();
      for (Waiting& each : turn) factory.PassOn(ResponseStage::kCache, std::move(each.response), each.flags);
      lock.Lock();
    }
    is_held_up_ = false;
  }

 private:
  struct Waiting {
    std::unique_ptr<InferenceResponse> response;
    uint32_t flags;
  };

  Mutex mutex_;
  bool is_held_up_ GUARDED_BY(mutex_) = false;
  std::vector<Waiting> waiting_ GUARDED_BY(mutex_);
};

}  // namespace neso
