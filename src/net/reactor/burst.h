// Work that a network thread runs soon, one after the other, and that others may take from it when it does not get on.
#pragma once

#include <utility>

#include "base/mutex.h"
#include "base/runnable_queue.h"

namespace neso::net {

// Thread-safe.
class Burst {
 public:
  void Add(Runnable* work) {
    MutexLock lock(mutex_);
    waiting_.PushBack(work);
    gets_on_ = true;
  }
  // Null: nothing waits.
  Runnable* Next() { return NextBefore(nullptr); }
  // As Next, but leaves `last` where it is.
  Runnable* NextBefore(const Runnable* last) {
    MutexLock lock(mutex_);
    if (waiting_.first() == last) return nullptr;
    gets_on_ = true;
    return waiting_.PopFront();
  }
  // Moves what waits to `taken` if nothing has begun since the last time.
  void TakeStalled(RunnableQueue& taken) {
    MutexLock lock(mutex_);
    if (std::exchange(gets_on_, false)) return;
    while (Runnable* const work = waiting_.PopFront()) taken.PushBack(work);
  }

 private:
  Mutex mutex_;
  RunnableQueue waiting_ GUARDED_BY(mutex_);
  bool gets_on_ GUARDED_BY(mutex_) = false;
};

}  // namespace neso::net
