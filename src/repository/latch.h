// Waits until a number of things have happened.
#pragma once

#include <cstddef>

#include "base/mutex.h"

namespace neso {

// Thread-safe; may be destroyed as soon as Wait has returned.
class Latch {
 public:
  explicit Latch(size_t count) : left_(count) {}
  void CountDown() {
    // Notified under the lock: afterwards the waiter may take the latch down.
    MutexLock lock(mutex_);
    if (--left_ == 0) done_.NotifyAll();
  }
  void Wait() {
    MutexLock lock(mutex_);
    while (left_ != 0) done_.Wait(mutex_);
  }

 private:
  Mutex mutex_;
  CondVar done_;
  size_t left_ GUARDED_BY(mutex_);
};

}  // namespace neso
