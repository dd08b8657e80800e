// Hands answers from the server's threads to that of the load.
//
//   inbox.Put({.call = &call, .response = response, .ends = true});    // a thread of the server's
//   for (const Arrival& arrival : inbox.TakeUntil(until)) ...          // the load's
#pragma once

#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "triton/core/tritonserver.h"

namespace neso::perf {

class LocalCall;

struct Arrival {
  LocalCall* call = nullptr;
  TRITONSERVER_InferenceResponse* response = nullptr;  // the taker's to delete; may be null
  bool ends = false;                                   // the answer, or what the server had of the request
};

// Thread-safe.
class Inbox {
 public:
  void Put(const Arrival& arrival) EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    arrivals_.push_back(arrival);
    changed_.NotifyOne();  // under the lock: who has taken the last one may end this object
  }

  // All that there are, after waiting for one until `until` at most.
  std::vector<Arrival> TakeUntil(TimePoint until) EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    while (arrivals_.empty()) {
      if (!changed_.WaitUntil(mutex_, until)) break;
    }
    return std::exchange(arrivals_, {});
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::vector<Arrival> arrivals_ GUARDED_BY(mutex_);
};

}  // namespace neso::perf
