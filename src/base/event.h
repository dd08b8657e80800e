// Wakes a thread that waits for what others count without a lock.
//
//   while (busy > 0) ended.WaitUntil(deadline);      // one thread waits
//   if (busy.fetch_sub(1) == 1) ended.Set();         // the others tell it
//
// Where work has to be refused as well as waited for, there is base/gate.h.
#pragma once

#include "base/clock.h"
#include "base/mutex.h"

namespace neso {

// Thread-safe.
class Event {
 public:
  Event() = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  // Ends the wait that is under way, or the next one: nothing is missed between a look and a wait.
  void Set() {
    MutexLock lock(mutex_);
    is_set_ = true;
    set_.NotifyAll();
  }

  // Until the event is set, which takes it back. False when `deadline` passed first.
  bool WaitUntil(TimePoint deadline) {
    MutexLock lock(mutex_);
    while (!is_set_) {
      if (!set_.WaitUntil(mutex_, deadline)) break;
    }
    const bool was_set = is_set_;
    is_set_ = false;
    return was_set;
  }

 private:
  Mutex mutex_;
  CondVar set_;
  bool is_set_ GUARDED_BY(mutex_) = false;
};

}  // namespace neso
