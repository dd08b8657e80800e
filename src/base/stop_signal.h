// Tells those who work, or pause between two attempts, that it is time to end.
//
//   while (!stop.IsSet()) { ...; if (!stop.Pause(200ms)) return Cancelled("the server ends"); }
//   stop.Set();     // once, for all of them and for good
//
// base/event.h wakes one thread, once.
#pragma once

#include <atomic>
#include <chrono>

#include "base/clock.h"
#include "base/mutex.h"

namespace neso {

// Thread-safe.
class StopSignal {
 public:
  StopSignal() = default;
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  void Set() {
    MutexLock lock(mutex_);
    is_set_ = true;
    set_.NotifyAll();
  }
  bool IsSet() const { return is_set_.load(std::memory_order_relaxed); }

  // False as soon as the signal is set.
  bool Pause(std::chrono::milliseconds time) {
    const TimePoint end = SteadyClock::Instance().Now() + time;
    MutexLock lock(mutex_);
    while (!is_set_) {
      if (!set_.WaitUntil(mutex_, end)) break;
    }
    return !is_set_;
  }

 private:
  std::atomic<bool> is_set_{false};  // written with mutex_
  Mutex mutex_;
  CondVar set_;
};

}  // namespace neso
